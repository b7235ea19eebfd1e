/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the mount verb: from recipients and wishes to the options of mount(2),
 * or to the reason why such a mount would fail or lose data. Pure.
 */
#ifndef MOUNT_PLAN_H
#define MOUNT_PLAN_H

#include "utils/mount-options.h"

/*
 * The kernel writes up to 8166 bytes of key packets into a header but reads
 * only the first 4096 of a file: 26 before the packets, one after them.
 */
#define MOUNT_PLAN_MAX_PACKET_BYTES 4069

/**
 * mount_recipient:
 * @name: the registration
 * @sig: its signature
 * @wrapped_len: bytes that its key makes of a FEK packet, 0 when it cannot
 *   wrap; of ecryptfs_envelope_size()
 * @read_only: it is a key that only reads old files (read-pkcs1)
 * @has_private: the private half is here; %false for a public-only recipient
 */
struct mount_recipient {
	const char *name;
	const char *sig;
	size_t wrapped_len;
	bool read_only;
	bool has_private;
};

/**
 * MountPlan:
 * @flags: for mount(2)
 * @data: for mount(2), the options of eCryptfs
 * @fstab_options: the fourth field of a line in /etc/fstab
 * @packet_bytes: what the key packets of a new file need
 */
typedef struct MountPlan {
	unsigned long flags;
	char *data;
	char *fstab_options;
	size_t packet_bytes;
} MountPlan;

/* Bytes of a Tag 1 packet on disk around @wrapped_len bytes. */
size_t mount_plan_packet_bytes(size_t wrapped_len);

/**
 * mount_plan_sort:
 * @recipients: (array length=recipients_len): as they were named
 * @recipients_len: how many
 *
 * Puts them into the order of their packets. The kernel tries the last one
 * first, so those go first whose private half is not here; the others stay
 * in the order in which they were named. Of two with one signature, a key and
 * its copy, the later stays.
 *
 * Returns: how many are left
 */
size_t mount_plan_sort(struct mount_recipient *recipients,
		       size_t recipients_len);

/**
 * mount_plan_new:
 * @recipients: (array length=recipients_len): sorted
 * @recipients_len: how many
 * @cipher: of the kernel
 * @key_bytes: that the cipher takes
 * @options: (transfer none): what is added
 * @error: (nullable): return location; says what to leave out
 *
 * Returns: (transfer full) (nullable): the plan
 *
 * Errors: %ECRYPTFS_ERROR_USAGE without a recipient,
 *   %ECRYPTFS_ERROR_UNUSABLE for a recipient that cannot wrap,
 *   %ECRYPTFS_ERROR_TOO_LARGE when the kernel could not read all packets back
 */
MountPlan *mount_plan_new(const struct mount_recipient *recipients,
			  size_t recipients_len, const char *cipher,
			  size_t key_bytes, const MountOptions *options,
			  GError **error);
void mount_plan_free(MountPlan *plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MountPlan, mount_plan_free)

#endif
