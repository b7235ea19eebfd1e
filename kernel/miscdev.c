// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/ecryptfs as daemons know it from the distribution's module: an open
 * file is a daemon, one read() gives a request, one write() takes an answer.
 * Frames and results are in doc/PROTOCOL, also where they are not those of
 * the distribution.
 */
#include "kernel/seam.h"

#include <linux/cred.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define FRAME_HELO 100
#define FRAME_QUIT 101
#define FRAME_REQUEST 102
#define FRAME_RESPONSE 103

/* Type and counter; length; index and data_len. */
#define FRAME_BARE 5
#define FRAME_IDS 8
#define FRAME_HEADER_MIN (FRAME_BARE + 1 + FRAME_IDS)
#define FRAME_HEADER_MAX (FRAME_BARE + 2 + FRAME_IDS)
#define FRAME_WRITE_MAX (FRAME_HEADER_MAX + 4 + 512)

/* Lengths from here on take two octets, the first of which is as much too. */
#define LENGTH_TWO 192
#define LENGTH_FIRST_MAX 223

/**
 * struct device_daemon - an open file
 * @endpoint: the engine's
 * @refs: of the file and the engine
 * @wait: who reads or polls
 * @rings: grows with whatever the engine has to say
 * @quit: it is no longer registered
 */
struct device_daemon {
	struct msg_endpoint endpoint;
	refcount_t refs;
	wait_queue_head_t wait;
	atomic_t rings;
	bool quit;
};

/* ---- what the engine calls */

static struct device_daemon *device_of(struct msg_endpoint *endpoint)
{
	return container_of(endpoint, struct device_daemon, endpoint);
}

static void device_get(struct msg_endpoint *endpoint)
{
	refcount_inc(&device_of(endpoint)->refs);
}

static void device_put(struct msg_endpoint *endpoint)
{
	struct device_daemon *daemon = device_of(endpoint);

	if (refcount_dec_and_test(&daemon->refs))
		kfree(daemon);
}

static void device_kick(struct msg_endpoint *endpoint, const struct msg_id *id)
{
	struct device_daemon *daemon = device_of(endpoint);

	atomic_inc(&daemon->rings);
	wake_up_interruptible(&daemon->wait);
}

static void device_quit(struct msg_endpoint *endpoint, enum msg_reason reason,
			u32 successor)
{
	struct device_daemon *daemon = device_of(endpoint);

	WRITE_ONCE(daemon->quit, true);
	atomic_inc(&daemon->rings);
	wake_up_interruptible(&daemon->wait);
}

static const struct msg_endpoint_ops device_endpoint_ops = {
	.get = device_get,
	.put = device_put,
	.kick = device_kick,
	.quit = device_quit,
};

/* ---- open and release */

static int device_open(struct inode *inode, struct file *file)
{
	struct device_daemon *daemon;
	struct msg_caller caller;
	struct msg_helo helo = {};
	int err = ecryptfs_identify(file, &caller);

	if (!err)
		err = ecryptfs_check_root(file, &caller);
	if (err)
		return err;
	daemon = kzalloc(sizeof(*daemon), GFP_KERNEL);
	if (!daemon)
		return -ENOMEM;
	daemon->endpoint.ops = &device_endpoint_ops;
	refcount_set(&daemon->refs, 1);
	init_waitqueue_head(&daemon->wait);
	caller.endpoint = &daemon->endpoint;
	ecryptfs_describe(&helo, current->nsproxy->net_ns);
	err = msg_helo(&ecryptfs_engine, &caller, &helo);
	if (err) {
		device_put(&daemon->endpoint);
		/* What a second daemon has always been told. */
		return err == -EBUSY ? -EINVAL : err;
	}
	file->private_data = daemon;
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct device_daemon *daemon = file->private_data;

	msg_endpoint_gone(&ecryptfs_engine, &daemon->endpoint);
	device_put(&daemon->endpoint);
	return 0;
}

static int device_caller(struct file *file, struct msg_caller *caller)
{
	struct device_daemon *daemon = file->private_data;

	caller->endpoint = &daemon->endpoint;
	if (READ_ONCE(daemon->quit))
		return -ENOTCONN;
	return ecryptfs_identify(file, caller);
}

/* ---- read */

/* Octets of the longest packet whose frame is not longer than @count. */
static size_t frame_room(size_t count)
{
	if (count < FRAME_HEADER_MIN)
		return 0;
	if (count < FRAME_BARE + 1 + LENGTH_TWO)
		return count - FRAME_HEADER_MIN;
	return max_t(size_t, count - FRAME_HEADER_MAX,
		     LENGTH_TWO - 1 - FRAME_IDS);
}

static size_t frame_header(u8 *header, const struct msg_delivery *delivery)
{
	__be32 counter = cpu_to_be32(delivery->id.counter);
	u32 data_len = delivery->data_len;
	size_t length = FRAME_IDS + delivery->data_len;
	u8 *end = header;

	*end++ = FRAME_REQUEST;
	memcpy(end, &counter, sizeof(counter));
	end += sizeof(counter);
	if (length < LENGTH_TWO) {
		*end++ = length;
	} else {
		*end++ = LENGTH_TWO + ((length - LENGTH_TWO) >> 8);
		*end++ = (length - LENGTH_TWO) & 0xff;
	}
	memcpy(end, &delivery->id.index, sizeof(delivery->id.index));
	end += sizeof(delivery->id.index);
	memcpy(end, &data_len, sizeof(data_len));
	return end + sizeof(data_len) - header;
}

/* Fetches; sleeps until there is something, if it may. */
static int device_fetch(struct file *file, struct msg_caller *caller,
			size_t room, struct msg_delivery *delivery)
{
	struct device_daemon *daemon = file->private_data;
	int rings, err;

	for (;;) {
		err = device_caller(file, caller);
		if (err)
			return err;
		rings = atomic_read(&daemon->rings);
		err = msg_fetch(&ecryptfs_engine, caller, NULL, room, delivery);
		if (err != -EAGAIN || file->f_flags & O_NONBLOCK)
			return err;
		err = wait_event_interruptible(
			daemon->wait, atomic_read(&daemon->rings) != rings);
		if (err)
			return err;
	}
}

static ssize_t device_read(struct file *file, char __user *buf, size_t count,
			   loff_t *pos)
{
	u8 header[FRAME_HEADER_MAX];
	struct msg_delivery *delivery;
	struct msg_caller caller;
	ssize_t ret;
	size_t n;

	delivery = kzalloc(sizeof(*delivery), GFP_KERNEL);
	if (!delivery)
		return -ENOMEM;
	ret = device_fetch(file, &caller, frame_room(count), delivery);
	/* As it has always been: neither is an error, it stays in the queue. */
	if (ret == -EMSGSIZE || ret == -ERESTARTSYS)
		ret = 0;
	else if (ret == 0) {
		n = frame_header(header, delivery);
		ret = n + delivery->data_len;
		if (copy_to_user(buf, header, n) ||
		    copy_to_user(buf + n, delivery->data, delivery->data_len)) {
			msg_unfetch(&ecryptfs_engine, &caller, &delivery->id);
			ret = -EFAULT;
		}
	}
	kfree_sensitive(delivery);
	return ret;
}

/* ---- write */

/**
 * struct frame - what was written
 * @id: which delivery
 * @data: packet
 * @data_len: octets of @data
 */
struct frame {
	struct msg_id id;
	const u8 *data;
	size_t data_len;
};

/* Index, data_len and packet, to the last octet. */
static int parse_response(const u8 *body, size_t len, struct frame *frame)
{
	u32 data_len;

	if (len < FRAME_IDS)
		return -EINVAL;
	memcpy(&frame->id.index, body, sizeof(frame->id.index));
	memcpy(&data_len, body + sizeof(frame->id.index), sizeof(data_len));
	if (data_len != len - FRAME_IDS)
		return -EINVAL;
	frame->data = body + FRAME_IDS;
	frame->data_len = data_len;
	return 0;
}

/* Where the coded length ends; NULL unless it is that of the rest. */
static const u8 *parse_length(const u8 *text, size_t count)
{
	const u8 *end = text + FRAME_BARE;
	size_t length = *end++;

	if (length > LENGTH_FIRST_MAX)
		return NULL;
	if (length >= LENGTH_TWO) {
		if (end == text + count)
			return NULL;
		length = ((length - LENGTH_TWO) << 8) + *end++ + LENGTH_TWO;
	}
	return length == text + count - end ? end : NULL;
}

static int device_answer(struct file *file, const u8 *text, size_t count)
{
	struct msg_caller caller;
	struct frame frame;
	const u8 *body;
	__be32 counter;
	int err;

	body = count == FRAME_BARE ? text + count : parse_length(text, count);
	if (!body)
		return -EINVAL;
	if (text[0] == FRAME_HELO || text[0] == FRAME_QUIT)
		return 0;
	if (text[0] != FRAME_RESPONSE)
		return -EINVAL;
	err = parse_response(body, text + count - body, &frame);
	if (!err)
		err = device_caller(file, &caller);
	if (err)
		return err;
	memcpy(&counter, text + 1, sizeof(counter));
	frame.id.counter = be32_to_cpu(counter);
	err = msg_respond(&ecryptfs_engine, &caller, &frame.id, frame.data,
			  frame.data_len);
	return err == -EBADMSG ? -EINVAL : err;
}

static ssize_t device_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *pos)
{
	u8 *text;
	int err;

	if (count == 0)
		return 0;
	if (count < FRAME_BARE || count > FRAME_WRITE_MAX)
		return -EINVAL;
	text = memdup_user(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = device_answer(file, text, count);
	kfree_sensitive(text);
	return err ? err : count;
}

/* ---- poll */

static __poll_t device_poll(struct file *file, poll_table *table)
{
	struct device_daemon *daemon = file->private_data;

	poll_wait(file, &daemon->wait, table);
	if (READ_ONCE(daemon->quit))
		return EPOLLHUP;
	return msg_is_waiting(&ecryptfs_engine, &daemon->endpoint) ?
		       EPOLLIN | EPOLLRDNORM :
		       0;
}

/* ---- the node */

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.write = device_write,
	.poll = device_poll,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ecryptfs",
	.fops = &device_operations,
};

int __init ecryptfs_device_init(void)
{
	return misc_register(&device);
}

void ecryptfs_device_exit(void)
{
	misc_deregister(&device);
}
