/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public header of libecryptfs: the sizes and numbers of public-key
 * eCryptfs that the kernel fixed, and the subjects that a program or a PKI
 * module may use. Sources of the numbers: the kernel's fs/ecryptfs and
 * include/linux/ecryptfs.h, written down in doc/PROTOCOL.
 */
#ifndef ECRYPTFS_H
#define ECRYPTFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

G_BEGIN_DECLS

/* A key signature (sig) is a label of a key, not a digital signature. */
#define ECRYPTFS_SIG_SIZE 8
#define ECRYPTFS_SIG_SIZE_HEX 16

/* encrypted_key[512] of the auth tok bounds what a wrapped FEK may be. */
#define ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES 512
#define ECRYPTFS_MAX_KEY_BYTES 64

/* FEK packet: cipher code, FEK, checksum. What a public key wraps. */
#define ECRYPTFS_FEK_PACKET_OVERHEAD 3
#define ECRYPTFS_MAX_FEK_PACKET_BYTES \
	(ECRYPTFS_MAX_KEY_BYTES + ECRYPTFS_FEK_PACKET_OVERHEAD)

/* The largest tag 64 packet is 532 bytes; every packet fits in this. */
#define ECRYPTFS_MAX_PACKET_BYTES 544

/* pki_type[17] of the auth tok: a PKI module's name without its NUL. */
#define ECRYPTFS_PKI_NAME_MAX 16

/**
 * ecryptfs_message_type:
 * @ECRYPTFS_MESSAGE_HELO: a daemon registers; one L, as in SMTP
 * @ECRYPTFS_MESSAGE_QUIT: a daemon leaves
 * @ECRYPTFS_MESSAGE_REQUEST: kernel to daemon, carries tag 64 or 66
 * @ECRYPTFS_MESSAGE_RESPONSE: daemon to kernel, carries tag 65 or 67
 *
 * Types of the messages between kernel and daemon.
 */
enum ecryptfs_message_type {
	ECRYPTFS_MESSAGE_HELO = 100,
	ECRYPTFS_MESSAGE_QUIT = 101,
	ECRYPTFS_MESSAGE_REQUEST = 102,
	ECRYPTFS_MESSAGE_RESPONSE = 103,
};

/**
 * ecryptfs_tag:
 * @ECRYPTFS_TAG_64: request, unwrap this FEK
 * @ECRYPTFS_TAG_65: reply to 64, a status and the FEK packet
 * @ECRYPTFS_TAG_66: request, wrap this FEK
 * @ECRYPTFS_TAG_67: reply to 66, a status and the wrapped FEK
 *
 * First octet of the packet that a message carries.
 */
enum ecryptfs_tag {
	ECRYPTFS_TAG_64 = 0x40,
	ECRYPTFS_TAG_65 = 0x41,
	ECRYPTFS_TAG_66 = 0x42,
	ECRYPTFS_TAG_67 = 0x43,
};

G_END_DECLS

#include "libecryptfs/ecryptfs-error.h"
#include "libecryptfs/ecryptfs-params.h"
#include "libecryptfs/ecryptfs-public-key.h"
#include "libecryptfs/ecryptfs-secret.h"

#endif
