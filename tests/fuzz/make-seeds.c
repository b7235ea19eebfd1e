/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the seeds of the fuzz targets, named after what they are, into the
 * corpus folder given ("make fuzz-seeds"). What is there stays as it is; old
 * crashers are put there by hand, named after their bug.
 */
#include <string.h>
#include <sys/stat.h>

#include "libecryptfs/auth-tok.h"
#include "libecryptfs/control-protocol.h"
#include "libecryptfs/envelope.h"
#include "tests/fuzz/real-keys.h"
#include "tests/unit/fixture.h"

#define SIG_HEX "37333164303561323631353034336434"
/* type, flags, seq and port of a netlink message; a request's name */
#define GENL "1f0000000700000000000000"
#define GENL_ID "08000400050000000800050004030201"
#define FEK_PACKET_HEX "075f8fa87ef5601b66a4d0e054a06064400836"

static const char *corpus;

static void write_seed(const char *target, const char *name, const void *data,
		       size_t data_len)
{
	g_autofree char *directory = g_build_filename(corpus, target, NULL);
	g_autofree char *path = g_build_filename(directory, name, NULL);
	GError *error = NULL;

	g_mkdir_with_parents(directory, 0755);
	if (g_file_test(path, G_FILE_TEST_EXISTS))
		return;
	g_file_set_contents(path, data, (gssize)data_len, &error);
	g_assert_no_error(error);
	g_print("%s\n", path);
}

struct seed {
	const char *target;
	const char *name;
	const char *hex;
	size_t fill;
};

static const struct seed seeds[] = {
	{ "cursor", "every-number", "0001020305 0102030405060708090a", 0 },
	{ "cursor", "lengths-191-192-8383", "040404 bfc000dfff", 0 },
	{ "cursor", "length-octet-224", "0404 e000", 0 },
	{ "cursor", "length-cut", "04 c0", 0 },
	{ "cursor", "view", "0d060d 4545454545454545454545454545454545454545",
	  10 },

	{ "frame", "create-aes-128",
	  "66000000012e0000000026000000 4210" SIG_HEX "13" FEK_PACKET_HEX, 0 },
	{ "frame", "open-bare-256",
	  "6600000002c05c0000000014010000 4010" SIG_HEX "c040", 256 },
	{ "frame", "open-largest",
	  "66ffffffffc15c1f00000014020000 4010" SIG_HEX "c140", 512 },
	{ "frame", "largest-answer", "6600000001c14c0000000004020000", 516 },
	{ "frame", "one-more", "6600000001c14d0000000005020000", 517 },

	/* Events as fuzz-messaging.c numbers them, with what they take */
	{ "messaging", "open-and-answer",
	  "00000000 03000100 04000000 06000000000002 080000", 0 },
	{ "messaging", "create-called-back",
	  "00000000 03000800 04000000 06000000000002 0900", 0 },
	{ "messaging", "takeover",
	  "00000000 03000100 03010100 04000000 00030001 06000000000002 "
	  "04030000 04030000 06030000000002 06030001000002 080000 080100", 0 },
	{ "messaging", "takeover-between-namespaces",
	  "00000000 03000100 00030081 00030001 04030000 080000", 0 },
	{ "messaging", "death",
	  "00000000 03000900 03010100 04000000 0200 080100 0900", 0 },
	{ "messaging", "quit", "00000000 03000900 04000000 010000 0900", 0 },
	{ "messaging", "timeout-before-delivery",
	  "00000000 03000100 03010900 0a1f 04000000 0b 080000 0901", 0 },
	{ "messaging", "late-answer",
	  "00000000 03000900 04000000 0a1f 0b 06000000000002", 0 },
	{ "messaging", "one-open-two-keys",
	  "00000000 03000100 04000000 070000000014 06000000010001 03010100 "
	  "04000000 070000010050 0aff 0b 080000 080100", 0 },
	{ "messaging", "extend-refused",
	  "00000000 03000000 04000000 070000000014 070000000000", 0 },
	{ "messaging", "window-full",
	  "00000000 03000100 03010100 03020100 03030100 04000000 04000000 "
	  "04000000 04000000 06000000000002 04000000", 0 },
	{ "messaging", "queue-full",
	  "00000000 03000100 03010100 03020100 03030100 03040100 03050100 "
	  "03060100 0900 03060100", 0 },
	{ "messaging", "another-users-answer",
	  "00000000 00010000 03000100 04000000 06010000000002", 0 },
	{ "messaging", "setuid",
	  "00000000 03000100 0400f100 04000000 0600f200000002 01e1", 0 },
	{ "messaging", "port-in-other-hands",
	  "00000000 0000e100 0000e201 0200 0000e100", 0 },
	{ "messaging", "twice-and-forged",
	  "00000000 03000100 04000000 060000 00f00002 060000 00e10002 "
	  "06000000000002 06000000000002", 0 },
	{ "messaging", "given-back",
	  "00000000 03000100 03010000 04000000 05000000 04000000 05000001", 0 },
	{ "messaging", "small-buffer", "00000000 03001100 04000041 04000000",
	  0 },
	{ "messaging", "killed-and-cancelled",
	  "00000000 03000100 03010900 04000000 080001 0901", 0 },
	{ "messaging", "without-memory",
	  "0c01 00000000 00000000 0c01 03000100 03000100 0c02 03010100 "
	  "04000000 0c01 070000000014 0c01 06000000000002", 0 },
	{ "frame", "empty", "6600000007", 0 },
	{ "frame", "no-packet", "6600000004080000000000000000", 0 },
	{ "frame", "data-len-max", "66000000010c00000000ffffffff40000000", 0 },
	{ "frame", "length-octet-224", "6600000001e000", 64 },
	{ "frame", "response", "67000000010c000000000400000043010000", 0 },

	{ "frame", "create-aes-128",
	  "66000000012e0000000026000000 4210" SIG_HEX "13" FEK_PACKET_HEX, 0 },
	{ "frame", "open-256", "6600000002c05c0000000014010000 4010" SIG_HEX
	  "c040", 256 },
	{ "frame", "open-largest", "6600000003c15c0100000014020000 4010"
	  SIG_HEX "c140", 512 },
	{ "frame", "timed-out", "6600000004", 0 },
	{ "frame", "no-packet", "6600000005 08 00000000 00000000", 0 },
	{ "frame", "data-length-too-large", "6600000006 0c 00000000 05000000",
	  4 },
	{ "frame", "length-octet-224", "6600000007 e000 00000000 04000000", 4 },
	{ "frame", "helo", "6400000000", 0 },
	{ "frame", "response", "6700000001 0c 00000000 04000000 41010000", 0 },

	{ "genl-message", "doorbell", "24000000" GENL "03010000" GENL_ID, 0 },
	{ "genl-message", "packet-smallest", "29000000" GENL "04010000" GENL_ID
	  "0500060040000000", 0 },
	{ "genl-message", "packet-largest", "48020000" GENL "04010000" GENL_ID
	  "24020600", 544 },
	{ "genl-message", "packet-too-large", "4c020000" GENL "04010000" GENL_ID
	  "25020600", 548 },
	{ "genl-message", "quit-replaced", "24000000" GENL "02010000"
	  "0800080001000000 08000900e1100000", 0 },
	{ "genl-message", "helo", "3c000000" GENL "01010000"
	  "0800020001000000 08000a00b80b0000 08000b0030750000 08000c0020000000"
	  "08000d0000040000", 0 },
	{ "genl-message", "extended", "1c000000" GENL "06010000"
	  "08000700983a0000", 0 },
	{ "genl-message", "ack", "24000000 02000001 0700000000000000 00000000"
	  "14000000" GENL, 0 },
	{ "genl-message", "busy-with-words", "30000000 02000003"
	  "0700000000000000 f0ffffff 14000000" GENL "0b0001006e6f206f6e650000",
	  0 },
	{ "genl-message", "attribute-twice", "2c000000" GENL "03010000" GENL_ID
	  "0800040005000000", 0 },
	{ "genl-message", "attribute-unknown", "2c000000" GENL "03010000"
	  GENL_ID "08006300ffffffff", 0 },
	{ "genl-message", "attribute-length-3", "24000000" GENL "03010000"
	  "0800040005000000 0300050004030201", 0 },

	{ "packet", "tag-66-aes-128", "4210" SIG_HEX "13" FEK_PACKET_HEX, 0 },
	{ "packet", "tag-64-bare-256", "4010" SIG_HEX "c040", 256 },
	{ "packet", "tag-64-largest", "4010" SIG_HEX "c140", 512 },
	{ "packet", "tag-64-nothing-wrapped", "4010" SIG_HEX "00", 0 },
	{ "packet", "tag-64-sig-length-15", "400f" SIG_HEX "01", 1 },
	{ "packet", "tag-66-length-octet-224", "4210" SIG_HEX "e0", 32 },
	{ "packet", "tag-66-length-68", "4210" SIG_HEX "44", 68 },
	{ "packet", "tag-65-fek", "410013" FEK_PACKET_HEX, 0 },
	{ "packet", "tag-65-failure", "41010000", 0 },
	{ "packet", "tag-67-bare-256", "4300c040", 256 },
	{ "packet", "tag-67-length-191", "4300bf", 191 },
	{ "packet", "tag-67-empty", "43000000", 0 },
	{ "packet", "fek-packet-aes-128", FEK_PACKET_HEX, 0 },
	{ "packet", "fek-packet-wrong-sum",
	  "075f8fa87ef5601b66a4d0e054a06064400837", 0 },

	{ "control", "status", "0101000000", 0 },
	{ "control", "lock-home", "010304686f6d650000", 0 },
	{ "control", "unlock-longest-pin", "010204686f6d650400", 1024 },
	{ "control", "secret-longer-than-there-is", "010204686f6d650005", 4 },
	{ "control", "reply-done", "0100646f6e65", 0 },
	{ "control", "reply-locked", "010c6c6f636b6564", 0 },
	{ "control", "reply-unknown-code", "01ff78", 0 },
	{ "control", "reply-not-utf-8", "0100fffe00", 0 },

	{ "envelope", "nothing-wrapped", "00", 0 },
	{ "envelope", "form-epoch", "02 65504b49 01 02 0003", 200 },
	{ "envelope", "header-alone", "02 65504b49 01 01 0003", 0 },
	{ "envelope", "other-version", "02 65504b49 02 01 0003", 113 },
	{ "envelope", "scheme-of-another-kind", "02 65504b49 01 01 0005", 80 },
	{ "envelope", "rsa-block-all-ones", "01", 256 },
	{ "envelope", "pkcs1-padded",
	  "ff 0002"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "00" FEK_PACKET_HEX, 0 },
	{ "envelope", "pkcs1-no-end", "ff 0002", 126 },
	{ "envelope", "fek-packet-to-wrap", "02" FEK_PACKET_HEX, 0 },

	{ "respond", "unknown-signature", "4010" SIG_HEX "c040", 256 },
	{ "respond", "tag-64-cut", "4010" SIG_HEX, 0 },
	{ "respond", "no-request", "41010000", 0 },
	{ "respond", "empty", "", 0 },
};

static void write_fixed(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(seeds); i++) {
		size_t head_len;
		uint8_t *data = fixture_from_hex(seeds[i].hex, &head_len);

		data = g_realloc(data, head_len + seeds[i].fill + 1);
		memset(data + head_len, 0x45, seeds[i].fill);
		write_seed(seeds[i].target, seeds[i].name, data,
			   head_len + seeds[i].fill);
		g_free(data);
	}
}

static uint8_t *payload_with(const char *blob_hex)
{
	g_autoptr(GBytes) good = ecryptfs_auth_tok_to_payload(
		"731d05a2615043d4", "openssl", "home", NULL);
	uint8_t *payload = g_malloc0(768);
	size_t blob_len;
	g_autofree uint8_t *blob = fixture_from_hex(blob_hex, &blob_len);

	memcpy(payload, g_bytes_get_data(good, NULL), 740);
	payload[632] = (uint8_t)blob_len;
	memcpy(payload + 670, blob, blob_len);
	return payload;
}

static void write_auth_toks(void)
{
	g_autofree uint8_t *ours = payload_with("45504b3104686f6d65");
	g_autofree uint8_t *old =
		payload_with("07002f6b2e70656d0005007465737400");
	g_autofree uint8_t *old_cut = payload_with("07002f6b2e70656d000500");
	g_autofree uint8_t *trap = payload_with("45504b3104686f6d65");

	trap[20] = 1;
	write_seed("auth-tok", "ours", ours, 740);
	write_seed("auth-tok", "one-byte-short", ours, 739);
	write_seed("auth-tok", "ecryptfs-utils", old, 756);
	write_seed("auth-tok", "ecryptfs-utils-no-passphrase", old_cut, 756);
	write_seed("auth-tok", "encrypted-key-not-zero", trap, 740);
}

static void write_registration(const char *seed, const char *key,
			       const char *pki_name, enum ecryptfs_mode mode)
{
	g_autoptr(EcryptfsPublicKey) public_key = fixture_public_key(key);
	g_autoptr(EcryptfsRegistration) reg =
		ecryptfs_registration_new("home", pki_name, public_key);
	g_autofree char *text = NULL;

	reg->mode = mode;
	reg->created = 1700000000;
	if (strcmp(pki_name, ECRYPTFS_PKI_PUBLIC) != 0)
		ecryptfs_params_set(reg->params, "file", "/k.pem");
	text = ecryptfs_registration_format(reg);
	write_seed("registration", seed, text, strlen(text));
}

static void write_registrations(void)
{
	static const char odd[] = "[key]\nversion=1\npki=a\nmode=compat\n"
				  "public-key=AAAA\nsignature=\n[module]\n";

	write_registration("x25519", "x25519", "openssl",
			   ECRYPTFS_MODE_DIRECT);
	write_registration("p-256", "p-256", "openssl", ECRYPTFS_MODE_DIRECT);
	write_registration("rsa-compat", "rsa-1024", "openssl",
			   ECRYPTFS_MODE_COMPAT);
	write_registration("public-only", "p-384", "public",
			   ECRYPTFS_MODE_DIRECT);
	write_seed("registration", "no-such-key", odd, strlen(odd));
	write_seed("registration", "not-utf-8", "[key]\nversion=\xff\n", 16);
	write_seed("registration", "empty", "", 0);
}

/* A good ciphertext for each key, alone and as what the kernel asks. */
static void write_for_key(size_t i)
{
	g_autoptr(EcryptfsSecret) wrapped = ecryptfs_secret_new(512);
	g_autoptr(EcryptfsSecret) packet =
		ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	g_autofree char *to_wrap =
		g_strdup_printf("tag-66-%s", real_key_names[i]);
	g_autofree char *to_unwrap =
		g_strdup_printf("tag-64-%s", real_key_names[i]);
	const char *sig = ecryptfs_key_sig(real_key(i));
	uint8_t envelope[513];
	size_t fek_len, len;
	g_autofree uint8_t *fek = fixture_from_hex(FEK_PACKET_HEX, &fek_len);

	g_assert_true(ecryptfs_envelope_wrap(real_key(i), fek, fek_len,
					     wrapped, NULL));
	len = ecryptfs_secret_len(wrapped);
	envelope[0] = (uint8_t)i;
	memcpy(envelope + 1, ecryptfs_secret_data(wrapped), len);
	write_seed("envelope", real_key_names[i], envelope, len + 1);

	ecryptfs_packet_write_request(ECRYPTFS_TAG_64, sig,
				      ecryptfs_secret_data(wrapped), len,
				      packet);
	write_seed("respond", to_unwrap, ecryptfs_secret_data(packet),
		   ecryptfs_secret_len(packet));
	ecryptfs_packet_write_request(ECRYPTFS_TAG_66, sig, fek, fek_len,
				      packet);
	write_seed("respond", to_wrap, ecryptfs_secret_data(packet),
		   ecryptfs_secret_len(packet));
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		g_printerr("Usage: make-seeds CORPUS\n");
		return 64;
	}
	corpus = argv[1];
	real_keys();
	write_fixed();
	write_auth_toks();
	write_registrations();
	for (size_t i = 0; i < REAL_KEYS; i++)
		write_for_key(i);
	return 0;
}
