/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 7 of doc/ARCHITECTURE: loading PKI modules. A module runs with all the
 * rights of the daemon, so who could replace its file is looked at first.
 */
#include "libecryptfs/pki.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".so"

struct EcryptfsPkiList {
	GPtrArray *modules;
};

bool ecryptfs_pki_name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t name_len = strlen(name);

	return name_len >= 1 && name_len <= ECRYPTFS_PKI_NAME_MAX &&
	       strspn(name, allowed) == name_len;
}

static bool refuse(GError **error, const char *what, const char *why)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MODULE, "%s %s",
		    what, why);
	return false;
}

/*
 * In a directory with the sticky bit nobody can replace what root or this
 * user owns, and the next step is checked to be such.
 */
static bool check_step(const char *path, GError **error)
{
	struct stat st;
	bool sticky;

	if (stat(path, &st) != 0) {
		ecryptfs_error_set_errno(error, errno, "cannot stat %s", path);
		return false;
	}
	sticky = S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return refuse(error, path, "belongs to another user");
	if ((st.st_mode & 022) != 0 && !sticky)
		return refuse(error, path, "is writable by others, who could "
			      "replace the module; \"chmod go-w\" mends it");
	return true;
}

static bool check_path(const char *real, GError **error)
{
	g_autofree char *step = g_strdup(real);

	while (check_step(step, error)) {
		char *parent;

		if (strcmp(step, "/") == 0)
			return true;
		parent = g_path_get_dirname(step);
		g_free(step);
		step = parent;
	}
	return false;
}

static const char *missing_call(const struct ecryptfs_pki_module *module)
{
	if (!module->key_open || !module->key_close)
		return "lacks key_open or key_close";
	if (!module->public_id)
		return "lacks public_id";
	if (!module->wrap || !module->unwrap)
		return "lacks wrap or unwrap";
	if (!module->state)
		return "lacks state";
	if (module->params_len > 0 && !module->params)
		return "lacks its parameter table";
	return NULL;
}

static bool check_table(const char *path, const char *name,
			const struct ecryptfs_pki_module *module,
			GError **error)
{
	const char *why;

	/* The first member of every version; nothing else is read before. */
	if (module->abi != ECRYPTFS_PKI_MODULE_ABI) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MODULE,
			    "%s is built for module ABI %u, this program for "
			    "%u", path, module->abi, ECRYPTFS_PKI_MODULE_ABI);
		return false;
	}
	if (!module->name || strcmp(module->name, name) != 0)
		return refuse(error, path,
			      "calls itself otherwise than its file");
	why = missing_call(module);
	return why ? refuse(error, path, why) : true;
}

static const struct ecryptfs_pki_module *
find_table(const char *path, const char *name, GError **error)
{
	const struct ecryptfs_pki_module *module;
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	/* Never closed: libraries below a module leave threads and hooks. */
	if (!object) {
		refuse(error, path, dlerror());
		return NULL;
	}
	module = dlsym(object, ECRYPTFS_PKI_MODULE_SYMBOL);
	if (!module) {
		refuse(error, path, "has no symbol "
		       ECRYPTFS_PKI_MODULE_SYMBOL);
		return NULL;
	}
	return check_table(path, name, module, error) ? module : NULL;
}

static bool open_module(EcryptfsPki *pki, const char *path, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (!pki->module->open || pki->module->open(&pki->state, &cause))
		return true;
	if (!cause)
		return refuse(error, path, "does not open and says not why");
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static EcryptfsPki *load(const char *path, const char *name, GError **error)
{
	g_autofree EcryptfsPki *pki = g_new0(EcryptfsPki, 1);
	g_autofree char *real = realpath(path, NULL);

	if (!real) {
		ecryptfs_error_set_errno(error, errno, "cannot resolve %s",
					 path);
		return NULL;
	}
	/* dlopen() would wait for a FIFO's writer. */
	if (!g_file_test(real, G_FILE_TEST_IS_REGULAR)) {
		refuse(error, path, "is not a regular file");
		return NULL;
	}
	if (!check_path(real, error))
		return NULL;
	pki->module = find_table(real, name, error);
	if (!pki->module || !open_module(pki, real, error))
		return NULL;
	g_mutex_init(&pki->lock);
	return g_steal_pointer(&pki);
}

static void unload(void *data)
{
	EcryptfsPki *pki = data;

	if (pki->module->close)
		pki->module->close(pki->state);
	g_mutex_clear(&pki->lock);
	g_free(pki);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *module_names(GDir *entries)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	const char *entry;

	while ((entry = g_dir_read_name(entries))) {
		g_autofree char *name = NULL;

		if (!g_str_has_suffix(entry, SUFFIX))
			continue;
		name = g_strndup(entry, strlen(entry) - strlen(SUFFIX));
		if (ecryptfs_pki_name_valid(name))
			g_ptr_array_add(names, g_steal_pointer(&name));
	}
	g_ptr_array_sort(names, compare_names);
	return names;
}

static void load_all(EcryptfsPkiList *list, const char *directory,
		     GPtrArray *names,
		     void (*refused)(const char *path, const GError *error,
				     void *data),
		     void *data)
{
	for (size_t i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *path = g_strdup_printf("%s/%s" SUFFIX,
							directory, name);
		g_autoptr(GError) error = NULL;
		EcryptfsPki *pki = load(path, name, &error);

		if (pki)
			g_ptr_array_add(list->modules, pki);
		else if (refused)
			refused(path, error, data);
	}
}

EcryptfsPkiList *ecryptfs_pki_list_load(const char *directory,
					void (*refused)(const char *path,
							const GError *error,
							void *data),
					void *data)
{
	EcryptfsPkiList *list = g_new0(EcryptfsPkiList, 1);
	const char *dir = directory ? directory : ECRYPTFS_PKI_DIR;
	g_autoptr(GError) cause = NULL;
	g_autoptr(GDir) entries = g_dir_open(dir, 0, &cause);

	list->modules = g_ptr_array_new_with_free_func(unload);
	if (entries) {
		g_autoptr(GPtrArray) names = module_names(entries);

		load_all(list, dir, names, refused, data);
	} else if (refused) {
		g_autoptr(GError) error = g_error_new_literal(
			ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_MODULE,
			cause->message);

		refused(dir, error, data);
	}
	return list;
}

void ecryptfs_pki_list_free(EcryptfsPkiList *list)
{
	if (!list)
		return;
	g_ptr_array_unref(list->modules);
	g_free(list);
}

static char *installed_names(const EcryptfsPkiList *list)
{
	GString *names = g_string_new(NULL);

	for (size_t i = 0; i < list->modules->len; i++) {
		const EcryptfsPki *pki = g_ptr_array_index(list->modules, i);

		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
				       pki->module->name);
	}
	return g_string_free(names, FALSE);
}

EcryptfsPki *ecryptfs_pki_list_find(EcryptfsPkiList *list, const char *name,
				    GError **error)
{
	g_autofree char *installed = NULL;

	for (size_t i = 0; i < list->modules->len; i++) {
		EcryptfsPki *pki = g_ptr_array_index(list->modules, i);

		if (strcmp(pki->module->name, name) == 0)
			return pki;
	}
	installed = installed_names(list);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_MODULE,
		    "no PKI module \"%s\" is installed (installed: %s)", name,
		    *installed ? installed : "none");
	return NULL;
}

size_t ecryptfs_pki_list_len(const EcryptfsPkiList *list)
{
	return list->modules->len;
}

EcryptfsPki *ecryptfs_pki_list_get(EcryptfsPkiList *list, size_t i)
{
	return g_ptr_array_index(list->modules, i);
}

const struct ecryptfs_pki_param *
ecryptfs_pki_param_find(const EcryptfsPki *pki, const char *name)
{
	for (size_t i = 0; i < pki->module->params_len; i++)
		if (strcmp(pki->module->params[i].name, name) == 0)
			return &pki->module->params[i];
	return NULL;
}
