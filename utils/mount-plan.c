/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel would accept and then not be able to open again is refused
 * here, before anything is mounted.
 */
#include "utils/mount-plan.h"

#include <string.h>

/* Version, signature and algorithm stand before the wrapped FEK. */
#define PACKET_FIXED 10
#define ONE_OCTET_LENGTH 191

size_t mount_plan_packet_bytes(size_t wrapped_len)
{
	size_t body = PACKET_FIXED + wrapped_len;

	return 1 + (body <= ONE_OCTET_LENGTH ? 1 : 2) + body;
}

static bool named_again(const struct mount_recipient *recipients,
			size_t recipients_len, size_t i)
{
	for (size_t later = i + 1; later < recipients_len; later++)
		if (g_str_equal(recipients[i].sig, recipients[later].sig))
			return true;
	return false;
}

size_t mount_plan_sort(struct mount_recipient *recipients,
		       size_t recipients_len)
{
	g_autofree struct mount_recipient *sorted =
		g_new(struct mount_recipient, recipients_len);
	size_t sorted_len = 0;

	for (int private = 0; private <= 1; private++)
		for (size_t i = 0; i < recipients_len; i++)
			if (recipients[i].has_private == private &&
			    !named_again(recipients, recipients_len, i))
				sorted[sorted_len++] = recipients[i];
	if (sorted_len)
		memcpy(recipients, sorted, sorted_len * sizeof(*sorted));
	return sorted_len;
}

static bool check_recipient(const struct mount_recipient *recipient,
			    GError **error)
{
	if (recipient->wrapped_len && !recipient->read_only)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    recipient->read_only ?
		    "\"%s\" only reads old files (read-pkcs1=yes) and cannot "
		    "be a recipient: mount with another key; \"add\" makes "
		    "this one open its old files there" :
		    "\"%s\" cannot wrap keys of that length, so it cannot be "
		    "a recipient: leave it out", recipient->name);
	return false;
}

static bool sum_packets(const struct mount_recipient *recipients,
			size_t recipients_len, size_t *sum, GError **error)
{
	*sum = 0;
	for (size_t i = 0; i < recipients_len; i++) {
		if (!check_recipient(&recipients[i], error))
			return false;
		*sum += mount_plan_packet_bytes(recipients[i].wrapped_len);
	}
	if (*sum <= MOUNT_PLAN_MAX_PACKET_BYTES)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_TOO_LARGE,
		    "the key packets of %zu recipients need %zu bytes, and the "
		    "kernel reads back no more than %d: files could be "
		    "created but never opened; name fewer recipients, or such "
		    "with smaller keys (X25519 needs %zu bytes)",
		    recipients_len, *sum, MOUNT_PLAN_MAX_PACKET_BYTES,
		    mount_plan_packet_bytes(88));
	return false;
}

static char *join_data(const struct mount_recipient *recipients,
		       size_t recipients_len, const char *cipher,
		       size_t key_bytes, const MountOptions *options)
{
	GString *data = g_string_new(NULL);

	for (size_t i = 0; i < recipients_len; i++)
		g_string_append_printf(data, "ecryptfs_sig=%s,",
				       recipients[i].sig);
	g_string_append_printf(data, "ecryptfs_cipher=%s,"
			       "ecryptfs_key_bytes=%zu", cipher, key_bytes);
	for (unsigned int i = 0; i < options->data->len; i++)
		g_string_append_printf(data, ",%s",
				       (char *)options->data->pdata[i]);
	return g_string_free(data, FALSE);
}

static char *join_fstab(const MountOptions *options, const char *data)
{
	GString *text = g_string_new("user,noauto,");

	for (unsigned int i = 0; i < options->words->len; i++)
		g_string_append_printf(text, "%s,",
				       (char *)options->words->pdata[i]);
	g_string_append(text, data);
	return g_string_free(text, FALSE);
}

/* A private key encrypts no file name: the kernel mounts, nothing works. */
static bool check_fnek(const struct mount_recipient *recipients,
		       size_t recipients_len, const MountOptions *options,
		       GError **error)
{
	for (size_t i = 0; options->fnek_sig && i < recipients_len; i++) {
		if (!g_str_equal(recipients[i].sig, options->fnek_sig))
			continue;
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "ecryptfs_fnek_sig=%s is \"%s\", and the kernel "
			    "encrypts file names only under a passphrase",
			    options->fnek_sig, recipients[i].name);
		return false;
	}
	return true;
}

MountPlan *mount_plan_new(const struct mount_recipient *recipients,
			  size_t recipients_len, const char *cipher,
			  size_t key_bytes, const MountOptions *options,
			  GError **error)
{
	g_autoptr(MountPlan) plan = g_new0(MountPlan, 1);

	if (!recipients_len) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "no recipient: name at least one registered key");
		return NULL;
	}
	if (!check_fnek(recipients, recipients_len, options, error) ||
	    !sum_packets(recipients, recipients_len, &plan->packet_bytes,
			 error))
		return NULL;
	plan->flags = options->flags;
	plan->data = join_data(recipients, recipients_len, cipher, key_bytes,
			       options);
	plan->fstab_options = join_fstab(options, plan->data);
	if (strlen(plan->data) <= MOUNT_OPTIONS_MAX)
		return g_steal_pointer(&plan);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_TOO_LARGE,
		    "the mount options are longer than %d bytes",
		    MOUNT_OPTIONS_MAX);
	return NULL;
}

void mount_plan_free(MountPlan *plan)
{
	if (!plan)
		return;
	g_free(plan->data);
	g_free(plan->fstab_options);
	g_free(plan);
}
