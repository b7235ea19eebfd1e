/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row a command. Names come from outside and are only looked up. */
#include "daemon/commands.h"

#include "daemon/self-test.h"

#define STAYS_READABLE \
	"files that are open, or whose inode the kernel still caches, stay " \
	"readable until they are unmounted (\"ecryptfs-manager umount\")"

static char *do_status(Commands *commands,
		       const struct ecryptfs_control_request *request,
		       GError **error)
{
	(void)request;
	(void)error;
	return status_format(&commands->status);
}

/* ", and for NAME, NAME": the others that have the same sticky lock. */
static char *lifted_too(Commands *commands, EcryptfsKey *key)
{
	GString *text = g_string_new(NULL);
	EcryptfsKey **keys;
	size_t n_keys;

	keys = ecryptfs_key_store_all(commands->status.keys, &n_keys);
	for (size_t i = 0; i < n_keys; i++)
		if (keys[i] != key && g_str_equal(ecryptfs_key_sig(keys[i]),
						  ecryptfs_key_sig(key)))
			g_string_append_printf(
				text, "%s%s",
				text->len > 0 ? ", " : "; the lock of its key "
						       "is lifted for ",
				ecryptfs_key_registration(keys[i])->name);
	ecryptfs_key_store_free_keys(keys, n_keys);
	return g_string_free(text, FALSE);
}

static char *do_unlock(Commands *commands,
		       const struct ecryptfs_control_request *request,
		       GError **error)
{
	struct ecryptfs_pki_key_state state;
	g_autoptr(EcryptfsKey) key = NULL;
	g_autofree char *others = NULL;
	int64_t left;

	key = ecryptfs_key_store_get(commands->status.keys, request->name,
				     error);
	if (!key || !ecryptfs_key_unlock(key, request->secret, error))
		return NULL;
	ecryptfs_key_state(key, &state);
	if (state.needs_secret)
		key_ttl_begin(commands->status.ttl, key);
	g_message("key \"%s\" is unlocked", request->name);
	others = lifted_too(commands, key);
	left = key_ttl_left(commands->status.ttl, key);
	if (left < 0)
		return g_strdup_printf("%s is unlocked%s", request->name,
				       others);
	return g_strdup_printf("%s is unlocked%s; unless it is used, its PIN "
			       "or passphrase is forgotten after "
			       "%" G_GINT64_FORMAT " seconds", request->name,
			       others, left);
}

static char *lock_text(const char *asked, const struct key_task *tasks,
		       size_t n)
{
	GString *text = g_string_new(NULL);

	if (n == 0)
		g_string_append(text, "no key is in use here, and those that "
				"are still being read come up locked; ");
	for (size_t i = 0; i < n; i++) {
		const char *name =
			ecryptfs_key_registration(tasks[i].key)->name;
		const char *why = "";

		if (*asked && !g_str_equal(name, asked))
			why = ", which has the same key,";
		g_message("key \"%s\" is locked", name);
		g_string_append_printf(
			text, "%s%s is locked%s; ", name, why,
			tasks[i].done ? "" : ", but its PKI module is busy "
					     "and may still hold its secret");
	}
	g_string_append(text, STAYS_READABLE);
	return g_string_free(text, FALSE);
}

static char *lock_keys(Commands *commands, const char *asked,
		       EcryptfsKey **keys, size_t n_keys)
{
	g_autofree struct key_task *tasks = g_new0(struct key_task, n_keys);

	for (size_t i = 0; i < n_keys; i++) {
		tasks[i].key = keys[i];
		key_ttl_end(commands->status.ttl, keys[i]);
	}
	key_tasks_run(commands->status.tasks, KEY_TASK_KIND_LOCK, tasks, n_keys,
		      COMMANDS_LOCK_PATIENCE_USEC);
	/* Last: what was unwrapped before the keys were locked goes too. */
	for (size_t i = 0; i < n_keys; i++)
		late_replies_drop(commands->late, ecryptfs_key_sig(keys[i]));
	return lock_text(asked, tasks, n_keys);
}

static char *do_lock(Commands *commands,
		     const struct ecryptfs_control_request *request,
		     GError **error)
{
	const char *name = request->name[0] != '\0' ? request->name : NULL;
	EcryptfsKey **keys;
	size_t n_keys;
	char *text;

	keys = ecryptfs_key_store_lock(commands->status.keys, name, &n_keys,
				       error);
	if (!keys)
		return NULL;
	text = lock_keys(commands, request->name, keys, n_keys);
	ecryptfs_key_store_free_keys(keys, n_keys);
	return text;
}

static void log_refused(const char *name, const GError *error, void *data)
{
	unsigned int *n_refused = data;

	g_warning("key \"%s\" cannot be used: %s", name, error->message);
	++*n_refused;
}

static unsigned int reload(Commands *commands)
{
	struct status_source *status = &commands->status;
	unsigned int n_refused = 0;

	g_mutex_lock(&commands->reloading);
	ecryptfs_key_store_reload(status->keys, log_refused, &n_refused);
	dispatch_route(status->dispatch);
	key_ttl_keep(status->ttl, status->keys);
	g_mutex_unlock(&commands->reloading);
	return n_refused;
}

static char *do_reload(Commands *commands,
		       const struct ecryptfs_control_request *request,
		       GError **error)
{
	unsigned int n_refused = reload(commands);
	EcryptfsKey **keys;
	size_t n_keys;

	(void)request;
	(void)error;
	keys = ecryptfs_key_store_all(commands->status.keys, &n_keys);
	ecryptfs_key_store_free_keys(keys, n_keys);
	if (n_refused == 0)
		return g_strdup_printf("%zu keys registered", n_keys);
	return g_strdup_printf("%zu keys registered, %u cannot be used: the "
			       "log says why", n_keys, n_refused);
}

static char *do_quit(Commands *commands,
		     const struct ecryptfs_control_request *request,
		     GError **error)
{
	(void)commands;
	(void)request;
	(void)error;
	return g_strdup("ecryptfsd leaves");
}

static char *do_test(Commands *commands,
		     const struct ecryptfs_control_request *request,
		     GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(EcryptfsKey) key = NULL;
	int64_t wrap_usec, unwrap_usec;

	key = ecryptfs_key_store_get(commands->status.keys, request->name,
				     error);
	if (!key || !self_test_run(commands->status.dispatch, key, &wrap_usec,
				   &unwrap_usec, error))
		return NULL;
	g_key_file_set_int64(file, "test", "wrap-usec", wrap_usec);
	if (unwrap_usec != SELF_TEST_NOT_UNWRAPPED)
		g_key_file_set_int64(file, "test", "unwrap-usec", unwrap_usec);
	return g_key_file_to_data(file, NULL, NULL);
}

static char *(*const rows[])(Commands *commands,
			     const struct ecryptfs_control_request *request,
			     GError **error) = {
	[ECRYPTFS_CONTROL_STATUS] = do_status,
	[ECRYPTFS_CONTROL_UNLOCK] = do_unlock,
	[ECRYPTFS_CONTROL_LOCK] = do_lock,
	[ECRYPTFS_CONTROL_RELOAD] = do_reload,
	[ECRYPTFS_CONTROL_QUIT] = do_quit,
	[ECRYPTFS_CONTROL_TEST] = do_test,
};

char *commands_handle(Commands *commands,
		      const struct ecryptfs_control_request *request,
		      GError **error)
{
	return rows[request->command](commands, request, error);
}
