/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registered key as it is shown.
 */
#include "utils/key-view.h"

#include <sys/stat.h>

#include "libecryptfs/envelope.h"
#include "libecryptfs/packet.h"
#include "utils/key-check.h"

#define UNKNOWN "unknown"

static void print_size(Output *out, const EcryptfsRegistration *reg)
{
	size_t size = ecryptfs_envelope_size(
		reg, ECRYPTFS_RANDOM_FEK_PACKET_BYTES);

	output_int(out, "encrypted_key_size", (int64_t)size);
	if (size)
		output_text(out, "Encrypted key: %zu bytes of at most %d\n",
			    size, ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES);
	else
		output_text(out, "Encrypted key: none, it only reads\n");
}

static void print_created(Output *out, int64_t created)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(created);
	g_autofree char *text = NULL;

	output_int(out, "created", created);
	if (time)
		text = g_date_time_format(time, "%F %T %z");
	if (text)
		output_text(out, "Created:       %s\n", text);
}

static void print_times(Output *out, const EcryptfsRegistration *reg)
{
	output_int(out, "pin_ttl", reg->pin_ttl);
	output_int(out, "pin_ttl_max", reg->pin_ttl_max);
	output_text(out, "Locks again:   ");
	if (reg->pin_ttl)
		output_text(out, "%u s after its last use; ", reg->pin_ttl);
	if (reg->pin_ttl_max)
		output_text(out, "%u s after unlock; ", reg->pin_ttl_max);
	output_text(out, "on \"lock\"\n");
}

void key_view_print_registration(Output *out, const EcryptfsRegistration *reg)
{
	output_field(out, "name", "Name:", reg->name);
	output_field(out, "signature", "Signature:",
		     ecryptfs_registration_sig(reg));
	output_field(out, "pki", "PKI module:", reg->pki_name);
	output_field(out, "kind", "Kind:",
		     ecryptfs_public_key_describe(reg->public_key));
	output_field(out, "mode", "Mode:", ecryptfs_mode_name(reg->mode));
	output_bool(out, "read_pkcs1", reg->read_pkcs1);
	if (reg->read_pkcs1)
		output_text(out, "PKCS#1 v1.5:   is read\n");
	output_field(out, "file", "Key file:",
		     ecryptfs_params_get(reg->params, "file"));
	print_size(out, reg);
}

static char *state_of(const EcryptfsRegistration *reg,
		      const DaemonStatus *status)
{
	char *state;

	if (g_str_equal(reg->pki_name, ECRYPTFS_PKI_PUBLIC))
		return g_strdup("public");
	if (!status)
		return g_strdup(UNKNOWN);
	state = daemon_status_of_key(status, reg->name, "state");
	return state ? state : g_strdup(UNKNOWN);
}

static void print_file_state(Output *out, const EcryptfsRegistration *reg)
{
	const char *file = ecryptfs_params_get(reg->params, "file");
	struct stat st;

	if (!file)
		return;
	output_bool(out, "file_present", lstat(file, &st) == 0);
	if (lstat(file, &st) != 0)
		output_text(out, "               (the file is missing)\n");
}

void key_view_print(Output *out, const EcryptfsRegistration *reg,
		    const DaemonStatus *status)
{
	bool loaded = ecryptfs_keyring_has(ecryptfs_registration_sig(reg));
	g_autofree char *path = ecryptfs_registration_path(NULL, reg->name);
	g_autofree char *state = state_of(reg, status);

	key_view_print_registration(out, reg);
	print_file_state(out, reg);
	output_field(out, "registration", "Registration:", path);
	print_created(out, reg->created);
	print_times(out, reg);
	output_bool(out, "loaded", loaded);
	output_text(out, "Loaded:        %s\n", loaded ? "yes" : "no");
	output_field(out, "state", "State:", state);
	if (status)
		daemon_status_print_key(out, status, reg->name);
}

void key_view_print_row(Output *out, const EcryptfsRegistration *reg,
			const DaemonStatus *status)
{
	const char *sig = ecryptfs_registration_sig(reg);
	const char *kind = ecryptfs_public_key_describe(reg->public_key);
	bool loaded = ecryptfs_keyring_has(sig);
	g_autofree char *state = state_of(reg, status);

	output_open_object(out, NULL);
	output_string(out, "name", reg->name);
	output_string(out, "signature", sig);
	output_string(out, "pki", reg->pki_name);
	output_string(out, "kind", kind);
	output_string(out, "mode", ecryptfs_mode_name(reg->mode));
	output_bool(out, "loaded", loaded);
	output_string(out, "state", state);
	output_close(out);
	output_text(out, "%-20s %s  %-8s %-10s %-7s %-7s %s\n", reg->name, sig,
		    reg->pki_name, kind, ecryptfs_mode_name(reg->mode),
		    loaded ? "yes" : "no", state);
}
