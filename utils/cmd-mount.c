/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager mount: everything that could fail or lose data is looked
 * at first, then keys are loaded, then it mounts; for a normal user it says
 * how mount(8) does it.
 */
#include "utils/cmd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libecryptfs/envelope.h"
#include "utils/mount-call.h"
#include "utils/mount-cipher.h"
#include "utils/mount-daemon.h"
#include "utils/mount-fstab.h"
#include "utils/mount-names.h"
#include "utils/mount-path.h"
#include "utils/mount-place.h"
#include "utils/mount-plan.h"

#define CHECK_OWNER "ecryptfs_check_dev_ruid"

/*
 * Mounting:
 * @regs: (element-type EcryptfsRegistration): recipients, in the order of
 *   their packets
 * @place: the directories
 * @options: what the person and this verb add
 * @plan: what mount(2) gets
 */
typedef struct Mounting {
	GPtrArray *regs;
	MountPlace *place;
	MountOptions *options;
	MountPlan *plan;
} Mounting;

static void mounting_free(Mounting *mounting)
{
	if (mounting->regs)
		g_ptr_array_unref(mounting->regs);
	mount_place_free(mounting->place);
	mount_options_free(mounting->options);
	mount_plan_free(mounting->plan);
	g_free(mounting);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mounting, mounting_free)

static void unref_registration(void *reg)
{
	ecryptfs_registration_unref(reg);
}

static bool is_public_only(const EcryptfsRegistration *reg)
{
	return g_str_equal(reg->pki_name, ECRYPTFS_PKI_PUBLIC);
}

static GPtrArray *load_registrations(struct cmd *cmd, GError **error)
{
	g_auto(GStrv) names = g_strsplit(cmd->operands[0], ",", -1);
	g_autoptr(GPtrArray) regs =
		g_ptr_array_new_with_free_func(unref_registration);

	for (size_t i = 0; names[i]; i++) {
		EcryptfsRegistration *reg = cmd_registration(cmd, names[i],
							     error);

		if (!reg)
			return NULL;
		g_ptr_array_add(regs, reg);
	}
	cmd_blame(cmd, NULL);
	return g_steal_pointer(&regs);
}

static struct mount_recipient recipient_of(const EcryptfsRegistration *reg,
					   size_t key_bytes)
{
	return (struct mount_recipient){
		.name = reg->name,
		.sig = ecryptfs_registration_sig(reg),
		.wrapped_len = ecryptfs_envelope_size(
			reg, key_bytes + ECRYPTFS_FEK_PACKET_OVERHEAD),
		.read_only = reg->read_pkcs1,
		.has_private = !is_public_only(reg),
	};
}

static GPtrArray *regs_of(const struct mount_recipient *recipients,
			  size_t recipients_len, const GPtrArray *named)
{
	GPtrArray *regs = g_ptr_array_new_with_free_func(unref_registration);

	for (size_t i = 0; i < recipients_len; i++)
		for (unsigned int j = 0; j < named->len; j++) {
			EcryptfsRegistration *reg = named->pdata[j];

			if (reg->name != recipients[i].name)
				continue;
			ecryptfs_registration_ref(reg);
			g_ptr_array_add(regs, reg);
		}
	return regs;
}

/* Registrations and options in, plan out. */
static bool make_plan(struct cmd *cmd, Mounting *mounting, GError **error)
{
	const char *cipher = cmd_value(cmd, "cipher");
	g_autoptr(GPtrArray) named = NULL;
	g_autofree struct mount_recipient *recipients = NULL;
	size_t recipients_len, key_bytes;

	if (!cipher)
		cipher = MOUNT_CIPHER_DEFAULT;
	if (!mount_cipher_key_bytes(cipher, cmd_value(cmd, "key-bytes"),
				    &key_bytes, error))
		return false;
	named = load_registrations(cmd, error);
	if (!named)
		return false;
	recipients = g_new0(struct mount_recipient, named->len);
	for (unsigned int i = 0; i < named->len; i++)
		recipients[i] = recipient_of(named->pdata[i], key_bytes);
	recipients_len = mount_plan_sort(recipients, named->len);
	mounting->plan = mount_plan_new(recipients, recipients_len, cipher,
					key_bytes, mounting->options, error);
	mounting->regs = regs_of(recipients, recipients_len, named);
	return mounting->plan;
}

static Mounting *mounting_new(struct cmd *cmd, GError **error)
{
	g_autoptr(Mounting) mounting = g_new0(Mounting, 1);

	mounting->options = mount_options_parse(cmd_value(cmd, "options"),
						error);
	if (!mounting->options)
		return NULL;
	if (cmd_flag(cmd, "xattr"))
		mount_options_add(mounting->options,
				  "ecryptfs_xattr_metadata");
	mounting->place = mount_place_new(cmd->operands[1], cmd->operands[2],
					  error);
	if (!mounting->place)
		return NULL;
	/* The kernel looks again at whose it is, when it takes it. */
	if (getuid() != 0 && mounting->place->lower_owner == getuid())
		mount_options_add(mounting->options, CHECK_OWNER);
	if (!make_plan(cmd, mounting, error))
		return NULL;
	return g_steal_pointer(&mounting);
}

static bool load_auth_toks(struct cmd *cmd, const Mounting *mounting,
			   GError **error)
{
	for (unsigned int i = 0; i < mounting->regs->len; i++)
		if (!cmd_load_auth_tok(cmd, mounting->regs->pdata[i], error))
			return false;
	cmd_blame(cmd, NULL);
	return true;
}

/* Those whose private half is here, the one that is tried first first. */
static bool unlock(struct cmd *cmd, const Mounting *mounting, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (unsigned int i = mounting->regs->len; i > 0; i--) {
		const EcryptfsRegistration *reg =
			mounting->regs->pdata[i - 1];

		if (!is_public_only(reg))
			g_ptr_array_add(names, reg->name);
	}
	g_ptr_array_add(names, NULL);
	return mount_daemon_unlock(cmd, (const char *const *)names->pdata,
				   error);
}

static bool set_mount_error(GError **error, const Mounting *mounting, int err)
{
	const char *lower = mounting->place->lower;
	const char *why;

	switch (err) {
	case EPERM:
		why = "it needs CAP_SYS_ADMIN of the host (not that of a "
		      "container), and the lower directory must not have "
		      "changed hands";
		break;
	case EINVAL:
		why = "the kernel's log says why (dmesg | grep -i ecryptfs)";
		break;
	case ENOENT:
	case ENOKEY:
		why = "the kernel does not find an auth tok; \"keyctl link "
		      "@u @s\" mends a session that does not reach the user's "
		      "keys";
		break;
	case ENODEV:
		why = "as root, \"modprobe ecryptfs\"";
		break;
	default:
		ecryptfs_error_set_errno(error, err, "cannot mount %s", lower);
		return false;
	}
	g_set_error(error, ECRYPTFS_ERROR,
		    err == EPERM ? ECRYPTFS_ERROR_PERMISSION :
				   ECRYPTFS_ERROR_KERNEL,
		    "cannot mount %s: %s; %s", lower, g_strerror(err), why);
	return false;
}

static bool do_mount(struct cmd *cmd, MountCall *call,
		     const Mounting *mounting, GError **error)
{
	const MountPlace *place = mounting->place;
	int err = mount_call_mount(call, place->lower, place->mountpoint,
				   mounting->plan->flags,
				   mounting->plan->data);

	if (err)
		return set_mount_error(error, mounting, err);
	output_text(cmd->out, "%s is mounted at %s\n", place->lower,
		    place->mountpoint);
	return true;
}

static const char *fstab_word(enum mount_fstab_state state)
{
	switch (state) {
	case MOUNT_FSTAB_ABSENT:
		return "absent";
	case MOUNT_FSTAB_SAME:
		return "present";
	case MOUNT_FSTAB_OTHER:
		return "other";
	}
	return "absent";
}

static const char *fstab_sentence(enum mount_fstab_state state)
{
	switch (state) {
	case MOUNT_FSTAB_ABSENT:
		return "Only root mounts. Once, as root, add this line to "
		       MOUNT_FSTAB_PATH ":";
	case MOUNT_FSTAB_SAME:
		break;
	case MOUNT_FSTAB_OTHER:
		return MOUNT_FSTAB_PATH " has another line for this mount "
		       "point. As root, replace it by:";
	}
	return NULL;
}

/* What lets mount(8) do it for a normal user. */
static void advise(struct cmd *cmd, const Mounting *mounting)
{
	const MountPlace *place = mounting->place;
	const char *const words[] = { "mount", "-i", place->mountpoint, NULL };
	g_autofree char *command = mount_path_quote(words);
	g_autofree char *line = mount_fstab_line(place->lower,
						 place->mountpoint,
						 mounting->plan->fstab_options);
	g_autofree char *text = NULL;
	enum mount_fstab_state state = MOUNT_FSTAB_ABSENT;

	if (g_file_get_contents(MOUNT_FSTAB_PATH, &text, NULL, NULL))
		state = mount_fstab_find(text, place->lower,
					 place->mountpoint,
					 mounting->plan->data);
	output_string(cmd->out, "fstab", fstab_word(state));
	output_string(cmd->out, "fstab_line", line);
	output_string(cmd->out, "command", command);
	if (fstab_sentence(state))
		output_text(cmd->out, "%s\n\n%s\n\nThen, and ever after, as "
			    "yourself:\n\n", fstab_sentence(state), line);
	else
		output_text(cmd->out, "The keys are loaded, and "
			    MOUNT_FSTAB_PATH " has the line. As yourself:"
			    "\n\n");
	output_text(cmd->out, "%s\n", command);
}

static void print_members(Output *out, const Mounting *mounting, bool mounted)
{
	output_string(out, "lower", mounting->place->lower);
	output_string(out, "mountpoint", mounting->place->mountpoint);
	output_bool(out, "mounted", mounted);
	output_string(out, "options", mounting->plan->data);
	output_int(out, "packet_bytes", (int64_t)mounting->plan->packet_bytes);
	output_open_array(out, "recipients");
	for (unsigned int i = 0; i < mounting->regs->len; i++) {
		const EcryptfsRegistration *reg = mounting->regs->pdata[i];

		output_open_object(out, NULL);
		output_string(out, "name", reg->name);
		output_string(out, "signature",
			      ecryptfs_registration_sig(reg));
		output_bool(out, "private", !is_public_only(reg));
		output_close(out);
	}
	output_close(out);
}

static bool run(struct cmd *cmd, GError **error)
{
	g_autoptr(MountUser) user = NULL;
	g_autoptr(MountCall) call = NULL;
	g_autoptr(Mounting) mounting = NULL;
	bool root = geteuid() == 0;

	if (!mount_user_find(&user, error))
		return false;
	call = mount_call_new(user, error);
	if (!call)
		return false;
	mounting = mounting_new(cmd, error);
	if (!mounting || !mount_place_check_kernel(error) ||
	    !mount_names_check(mounting->options->fnek_sig, error) ||
	    !load_auth_toks(cmd, mounting, error) ||
	    !mount_daemon_start(cmd, error) ||
	    !unlock(cmd, mounting, error))
		return false;
	if (root && !do_mount(cmd, call, mounting, error))
		return false;
	print_members(cmd->out, mounting, root);
	if (!root)
		advise(cmd, mounting);
	return true;
}

static const struct cmd_option options[] = {
	{ "cipher", CMD_OPTION_CHOICE, MOUNT_CIPHER_CHOICES,
	  "cipher of new files", MOUNT_CIPHER_DEFAULT },
	{ "key-bytes", CMD_OPTION_TEXT, "N",
	  "length of the key of new files: 16, 24 or 32 for aes", "32" },
	{ "xattr", CMD_OPTION_FLAG, NULL,
	  "keep the header in an extended attribute of the lower file" },
	{ "options", CMD_OPTION_LIST, "LIST",
	  "more mount options, with commas: ro, noexec, noatime, and those "
	  "of eCryptfs; an unknown one is refused", NULL, 'o' },
	CMD_OPTION_KEYRING,
	CMD_OPTIONS_SECRET,
	{ NULL }
};

const struct cmd_verb cmd_mount = {
	.name = "mount",
	.operands = "NAME[,NAME...] LOWER MOUNTPOINT [OPTION]...",
	.summary = "mount a directory, its files encrypted to these keys",
	.help = "Mounts the directory LOWER, where the encrypted files are, at "
		"MOUNTPOINT.\n"
		"New files are encrypted to every NAME, and each of them alone "
		"opens them. The\n"
		"kernel tries the last one first: name the everyday key last. "
		"Loads the keys,\n"
		"starts ecryptfsd if none runs, and unlocks the everyday key."
		"\n\n"
		"As root it mounts with root's keys; under sudo with those of "
		"whoever typed\n"
		"sudo, never root's. As a normal user it prints the line for "
		"/etc/fstab and\n"
		"the command \"mount -i MOUNTPOINT\" that mounts with it.\n\n"
		"What would lose data is refused: more recipients than the "
		"kernel reads back,\n"
		"ecryptfs_passthrough, a lower directory that is mounted "
		"already.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_KEY_THEN_DIRECTORY,
	.min_operands = 3,
	.max_operands = 3,
	.run = run,
};
