/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Named values between tools, registrations and PKI modules.
 */
#include "libecryptfs/ecryptfs-params.h"

struct EcryptfsParams {
	GTree *strings;
	GHashTable *secrets;
};

static int compare_names(const void *a, const void *b, void *data)
{
	(void)data;
	return g_strcmp0(a, b);
}

static void free_secret(void *secret)
{
	ecryptfs_secret_free(secret);
}

EcryptfsParams *ecryptfs_params_new(void)
{
	EcryptfsParams *params = g_new0(EcryptfsParams, 1);

	params->strings = g_tree_new_full(compare_names, NULL, g_free, g_free);
	params->secrets = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, free_secret);
	return params;
}

void ecryptfs_params_free(EcryptfsParams *params)
{
	if (!params)
		return;
	g_tree_unref(params->strings);
	g_hash_table_unref(params->secrets);
	g_free(params);
}

static void copy_one(const char *name, const char *value, void *data)
{
	ecryptfs_params_set(data, name, value);
}

EcryptfsParams *ecryptfs_params_dup(const EcryptfsParams *params)
{
	EcryptfsParams *copy = ecryptfs_params_new();

	ecryptfs_params_foreach(params, copy_one, copy);
	return copy;
}

void ecryptfs_params_set(EcryptfsParams *params, const char *name,
			 const char *value)
{
	if (value)
		g_tree_replace(params->strings, g_strdup(name),
			       g_strdup(value));
	else
		g_tree_remove(params->strings, name);
}

const char *ecryptfs_params_get(const EcryptfsParams *params,
				const char *name)
{
	return g_tree_lookup(params->strings, name);
}

bool ecryptfs_params_get_bool(const EcryptfsParams *params, const char *name)
{
	static const char *const yes[] = { "yes", "true", "on", "1", NULL };
	const char *value = ecryptfs_params_get(params, name);

	return value && g_strv_contains(yes, value);
}

void ecryptfs_params_take_secret(EcryptfsParams *params, const char *name,
				 EcryptfsSecret *secret)
{
	if (secret)
		g_hash_table_replace(params->secrets, g_strdup(name), secret);
	else
		g_hash_table_remove(params->secrets, name);
}

const EcryptfsSecret *ecryptfs_params_get_secret(const EcryptfsParams *params,
						 const char *name)
{
	return g_hash_table_lookup(params->secrets, name);
}

struct visit {
	void (*func)(const char *name, const char *value, void *data);
	void *data;
};

static gboolean visit_one(void *name, void *value, void *data)
{
	const struct visit *visit = data;

	visit->func(name, value, visit->data);
	return FALSE;
}

void ecryptfs_params_foreach(const EcryptfsParams *params,
			     void (*func)(const char *name, const char *value,
					  void *data),
			     void *data)
{
	struct visit visit = { .func = func, .data = data };

	g_tree_foreach(params->strings, visit_one, &visit);
}
