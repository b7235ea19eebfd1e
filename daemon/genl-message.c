/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between datagrams and what they say: a netlink header, that of generic
 * netlink, attributes; or a netlink header and an errno.
 */
#include "daemon/genl-message.h"

#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "libecryptfs/cursor.h"

/* The largest errno that a system call can give. */
#define MAX_ERRNO 4095

#define ATTRS (ECRYPTFS_GENL_ATTR_MAX + 1)

/* @seen has a bit for each attribute that was there. */
struct attrs {
	uint32_t seen;
	uint32_t number[ATTRS];
	const uint8_t *packet;
	size_t packet_len;
};

static uint32_t bit(unsigned int attr)
{
	return (uint32_t)1 << attr;
}

/* Takes one attribute and the octets that fill it up to four. */
static bool take_attr(struct ecryptfs_reader *reader, unsigned int *type,
		      struct ecryptfs_reader *value)
{
	struct nlattr head;
	const uint8_t *view;
	size_t pad;

	if (!ecryptfs_reader_copy(reader, &head, sizeof(head)) ||
	    head.nla_len < sizeof(head) ||
	    !ecryptfs_reader_view(reader, head.nla_len - sizeof(head), &view))
		return false;
	ecryptfs_reader_init(value, view, head.nla_len - sizeof(head));
	pad = NLA_ALIGN(head.nla_len) - head.nla_len;
	ecryptfs_reader_view(reader, MIN(pad, reader->left), &view);
	*type = head.nla_type & NLA_TYPE_MASK;
	return true;
}

static bool is_number(unsigned int type)
{
	switch (type) {
	case ECRYPTFS_GENL_ATTR_VERSION:
	case ECRYPTFS_GENL_ATTR_FLAGS:
	case ECRYPTFS_GENL_ATTR_INDEX:
	case ECRYPTFS_GENL_ATTR_COUNTER:
	case ECRYPTFS_GENL_ATTR_MSEC:
	case ECRYPTFS_GENL_ATTR_REASON:
	case ECRYPTFS_GENL_ATTR_SUCCESSOR:
	case ECRYPTFS_GENL_ATTR_TIMEOUT_MSEC:
	case ECRYPTFS_GENL_ATTR_EXTEND_MSEC:
	case ECRYPTFS_GENL_ATTR_WINDOW:
	case ECRYPTFS_GENL_ATTR_QUEUE:
		return true;
	}
	return false;
}

static bool put_attr(struct attrs *attrs, unsigned int type,
		     struct ecryptfs_reader *value)
{
	bool known = type == ECRYPTFS_GENL_ATTR_PACKET || is_number(type);

	if (!known)
		return true;
	if (attrs->seen & bit(type))
		return false;
	attrs->seen |= bit(type);
	if (type == ECRYPTFS_GENL_ATTR_PACKET) {
		attrs->packet = value->pos;
		attrs->packet_len = value->left;
		return value->left >= 1 &&
		       value->left <= ECRYPTFS_GENL_PACKET_MAX;
	}
	return ecryptfs_reader_host32(value, &attrs->number[type]) &&
	       value->left == 0;
}

static bool take_attrs(struct ecryptfs_reader *reader, struct attrs *attrs)
{
	struct ecryptfs_reader value;
	unsigned int type;

	while (reader->left > 0)
		if (!take_attr(reader, &type, &value) ||
		    !put_attr(attrs, type, &value))
			return false;
	return true;
}

/* What a reply or message of that command must have. */
static uint32_t needed(uint8_t cmd)
{
	switch (cmd) {
	case ECRYPTFS_GENL_CMD_HELO:
		return bit(ECRYPTFS_GENL_ATTR_VERSION) |
		       bit(ECRYPTFS_GENL_ATTR_TIMEOUT_MSEC) |
		       bit(ECRYPTFS_GENL_ATTR_EXTEND_MSEC) |
		       bit(ECRYPTFS_GENL_ATTR_WINDOW) |
		       bit(ECRYPTFS_GENL_ATTR_QUEUE);
	case ECRYPTFS_GENL_CMD_QUIT:
		return bit(ECRYPTFS_GENL_ATTR_REASON);
	case ECRYPTFS_GENL_CMD_REQUEST:
		return bit(ECRYPTFS_GENL_ATTR_INDEX) |
		       bit(ECRYPTFS_GENL_ATTR_COUNTER);
	case ECRYPTFS_GENL_CMD_FETCH:
		return bit(ECRYPTFS_GENL_ATTR_INDEX) |
		       bit(ECRYPTFS_GENL_ATTR_COUNTER) |
		       bit(ECRYPTFS_GENL_ATTR_PACKET);
	case ECRYPTFS_GENL_CMD_EXTEND:
		return bit(ECRYPTFS_GENL_ATTR_MSEC);
	}
	return 0;
}

static enum genl_kind kind_of(uint8_t cmd)
{
	switch (cmd) {
	case ECRYPTFS_GENL_CMD_HELO:
		return GENL_KIND_HELO;
	case ECRYPTFS_GENL_CMD_QUIT:
		return GENL_KIND_QUIT;
	case ECRYPTFS_GENL_CMD_REQUEST:
		return GENL_KIND_DOORBELL;
	case ECRYPTFS_GENL_CMD_FETCH:
		return GENL_KIND_PACKET;
	case ECRYPTFS_GENL_CMD_EXTEND:
		return GENL_KIND_EXTENDED;
	}
	return GENL_KIND_MALFORMED;
}

/* A time of nothing would be no time to answer in. */
static bool values_are_sound(uint8_t cmd, const struct attrs *attrs)
{
	const uint32_t *number = attrs->number;

	switch (cmd) {
	case ECRYPTFS_GENL_CMD_HELO:
		return number[ECRYPTFS_GENL_ATTR_TIMEOUT_MSEC] > 0 &&
		       number[ECRYPTFS_GENL_ATTR_WINDOW] > 0;
	case ECRYPTFS_GENL_CMD_EXTEND:
		return number[ECRYPTFS_GENL_ATTR_MSEC] > 0;
	}
	return true;
}

static void set_values(const struct attrs *attrs, struct genl_message *message)
{
	const uint32_t *number = attrs->number;

	message->id.index = number[ECRYPTFS_GENL_ATTR_INDEX];
	message->id.counter = number[ECRYPTFS_GENL_ATTR_COUNTER];
	message->packet = attrs->packet;
	message->packet_len = attrs->packet_len;
	message->limits = (struct transport_limits){
		.version = number[ECRYPTFS_GENL_ATTR_VERSION],
		.timeout_msec = number[ECRYPTFS_GENL_ATTR_TIMEOUT_MSEC],
		.extend_msec = number[ECRYPTFS_GENL_ATTR_EXTEND_MSEC],
		.window = number[ECRYPTFS_GENL_ATTR_WINDOW],
		.queue = number[ECRYPTFS_GENL_ATTR_QUEUE],
	};
	message->msec = number[ECRYPTFS_GENL_ATTR_MSEC];
	message->reason = number[ECRYPTFS_GENL_ATTR_REASON];
	message->successor = number[ECRYPTFS_GENL_ATTR_SUCCESSOR];
}

static void parse_command(struct ecryptfs_reader *reader,
			  struct genl_message *message)
{
	struct attrs attrs = { 0 };
	struct genlmsghdr head;

	if (!ecryptfs_reader_copy(reader, &head, sizeof(head)) ||
	    !take_attrs(reader, &attrs) ||
	    (attrs.seen & needed(head.cmd)) != needed(head.cmd) ||
	    !values_are_sound(head.cmd, &attrs))
		return;
	message->kind = kind_of(head.cmd);
	set_values(&attrs, message);
}

/*
 * The kernel's own words, if they are there. Without NETLINK_CAP_ACK what was
 * refused would stand before them; we asked for that, so it does not.
 */
static void find_text(struct ecryptfs_reader *reader, uint16_t flags,
		      struct genl_message *message)
{
	struct ecryptfs_reader value;
	unsigned int type;

	if (!(flags & NLM_F_CAPPED) || !(flags & NLM_F_ACK_TLVS))
		return;
	while (reader->left > 0 && take_attr(reader, &type, &value))
		if (type == NLMSGERR_ATTR_MSG) {
			message->text = value.pos;
			message->text_len = strnlen((const char *)value.pos,
						    value.left);
		}
}

static void parse_result(struct ecryptfs_reader *reader, uint16_t flags,
			 struct genl_message *message)
{
	struct nlmsghdr ours;
	uint32_t err;

	if (!ecryptfs_reader_host32(reader, &err) ||
	    !ecryptfs_reader_copy(reader, &ours, sizeof(ours)))
		return;
	err = 0 - err;
	if (err > MAX_ERRNO)
		return;
	message->kind = GENL_KIND_RESULT;
	message->err = (int)err;
	find_text(reader, flags, message);
}

void genl_message_parse(const uint8_t *data, size_t data_len, uint16_t family,
			struct genl_message *message)
{
	struct ecryptfs_reader reader;
	struct nlmsghdr head;

	*message = (struct genl_message){ .kind = GENL_KIND_MALFORMED };
	ecryptfs_reader_init(&reader, data, data_len);
	if (!ecryptfs_reader_copy(&reader, &head, sizeof(head)))
		return;
	message->seq = head.nlmsg_seq;
	/* One message, and what fills it up to four octets. */
	if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > data_len ||
	    data_len - head.nlmsg_len >= NLMSG_ALIGNTO)
		return;
	reader.left = head.nlmsg_len - sizeof(head);
	if (head.nlmsg_type == family)
		parse_command(&reader, message);
	else if (head.nlmsg_type == NLMSG_ERROR)
		parse_result(&reader, head.nlmsg_flags, message);
}

static void begin(struct ecryptfs_writer *writer, const struct genl_call *call,
		  uint8_t cmd, EcryptfsSecret *out)
{
	const struct nlmsghdr head = {
		.nlmsg_type = call->family,
		.nlmsg_flags = NLM_F_REQUEST | (call->ack ? NLM_F_ACK : 0),
		.nlmsg_seq = call->seq,
	};
	const struct genlmsghdr genl_head = {
		.cmd = cmd,
		.version = ECRYPTFS_GENL_VERSION,
	};

	ecryptfs_writer_init(writer, ecryptfs_secret_data(out),
			     ecryptfs_secret_capacity(out));
	ecryptfs_writer_bytes(writer, &head, sizeof(head));
	ecryptfs_writer_bytes(writer, &genl_head, sizeof(genl_head));
}

/* The length comes first, and is known last. */
static bool end(const struct ecryptfs_writer *writer, EcryptfsSecret *out)
{
	struct ecryptfs_writer length;

	if (!writer->failed) {
		ecryptfs_writer_init(&length, ecryptfs_secret_data(out),
				     sizeof(uint32_t));
		ecryptfs_writer_host32(&length, (uint32_t)writer->len);
	}
	ecryptfs_secret_set_len(out, writer->failed ? 0 : writer->len);
	return !writer->failed;
}

static void write_attr(struct ecryptfs_writer *writer, uint16_t type,
		       const void *value, size_t value_len)
{
	const uint8_t zeros[NLA_ALIGNTO] = { 0 };
	const struct nlattr head = {
		.nla_len = (uint16_t)(sizeof(head) + value_len),
		.nla_type = type,
	};

	ecryptfs_writer_bytes(writer, &head, sizeof(head));
	ecryptfs_writer_bytes(writer, value, value_len);
	ecryptfs_writer_bytes(writer, zeros,
			      NLA_ALIGN(head.nla_len) - head.nla_len);
}

static void write_number(struct ecryptfs_writer *writer, uint16_t type,
			 uint32_t number)
{
	write_attr(writer, type, &number, sizeof(number));
}

static void write_id(struct ecryptfs_writer *writer,
		     const struct transport_id *id)
{
	write_number(writer, ECRYPTFS_GENL_ATTR_INDEX, id->index);
	write_number(writer, ECRYPTFS_GENL_ATTR_COUNTER, id->counter);
}

void genl_message_write_helo(const struct genl_call *call, bool replace,
			     EcryptfsSecret *out)
{
	struct ecryptfs_writer writer;

	begin(&writer, call, ECRYPTFS_GENL_CMD_HELO, out);
	write_number(&writer, ECRYPTFS_GENL_ATTR_VERSION,
		     ECRYPTFS_GENL_VERSION);
	if (replace)
		write_number(&writer, ECRYPTFS_GENL_ATTR_FLAGS,
			     ECRYPTFS_GENL_FLAG_REPLACE);
	end(&writer, out);
}

void genl_message_write_quit(const struct genl_call *call, EcryptfsSecret *out)
{
	struct ecryptfs_writer writer;

	begin(&writer, call, ECRYPTFS_GENL_CMD_QUIT, out);
	end(&writer, out);
}

void genl_message_write_fetch(const struct genl_call *call,
			      const struct transport_id *id,
			      EcryptfsSecret *out)
{
	struct ecryptfs_writer writer;

	begin(&writer, call, ECRYPTFS_GENL_CMD_FETCH, out);
	if (id)
		write_id(&writer, id);
	end(&writer, out);
}

bool genl_message_write_response(const struct genl_call *call,
				 const struct transport_id *id,
				 const EcryptfsSecret *packet,
				 EcryptfsSecret *out)
{
	size_t packet_len = ecryptfs_secret_len(packet);
	struct ecryptfs_writer writer;

	if (packet_len == 0 || packet_len > ECRYPTFS_GENL_PACKET_MAX)
		return false;
	begin(&writer, call, ECRYPTFS_GENL_CMD_RESPONSE, out);
	write_id(&writer, id);
	write_attr(&writer, ECRYPTFS_GENL_ATTR_PACKET,
		   ecryptfs_secret_data(packet), packet_len);
	return end(&writer, out);
}

void genl_message_write_extend(const struct genl_call *call,
			       const struct transport_id *id, uint32_t msec,
			       EcryptfsSecret *out)
{
	struct ecryptfs_writer writer;

	begin(&writer, call, ECRYPTFS_GENL_CMD_EXTEND, out);
	write_id(&writer, id);
	write_number(&writer, ECRYPTFS_GENL_ATTR_MSEC, msec);
	end(&writer, out);
}
