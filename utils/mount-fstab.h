/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the verb mount of a normal user: the line of /etc/fstab that lets
 * mount(8) do it. Pure.
 */
#ifndef MOUNT_FSTAB_H
#define MOUNT_FSTAB_H

#include "libecryptfs/ecryptfs.h"

#define MOUNT_FSTAB_PATH "/etc/fstab"

/**
 * mount_fstab_state:
 * @MOUNT_FSTAB_ABSENT: no line has this mount point
 * @MOUNT_FSTAB_SAME: one lets a user make this very mount
 * @MOUNT_FSTAB_OTHER: one has this mount point but makes another mount, or
 *   not for a user
 */
enum mount_fstab_state {
	MOUNT_FSTAB_ABSENT,
	MOUNT_FSTAB_SAME,
	MOUNT_FSTAB_OTHER,
};

/* (transfer full): without a line feed; @options is that of the MountPlan. */
char *mount_fstab_line(const char *lower, const char *mountpoint,
		       const char *options);

/**
 * mount_fstab_find:
 * @text: content of fstab; hostile
 * @lower: lower directory, canonical
 * @mountpoint: mount point, canonical
 * @data: options of eCryptfs, those of the MountPlan
 *
 * Of several lines with one mount point the last counts, as for mount(8).
 */
enum mount_fstab_state mount_fstab_find(const char *text, const char *lower,
					const char *mountpoint,
					const char *data);

#endif
