/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What several unit tests and fuzz targets need.
 */
#include "tests/unit/fixture.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "libecryptfs/safe-file.h"

uint8_t *fixture_from_hex(const char *hex, size_t *data_len)
{
	uint8_t *data = g_malloc(strlen(hex) / 2 + 1);

	*data_len = 0;
	for (; *hex; hex++) {
		if (g_ascii_isspace(*hex))
			continue;
		g_assert_true(g_ascii_isxdigit(hex[0]) &&
			      g_ascii_isxdigit(hex[1]));
		data[(*data_len)++] =
			(uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 |
				  g_ascii_xdigit_value(hex[1]));
		hex++;
	}
	return data;
}

void fixture_guard_init(struct fixture_guard *guard, const void *data,
			size_t data_len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (data_len + page - 1) / page * page;
	uint8_t *map;

	guard->map_len = room + page;
	map = mmap(NULL, guard->map_len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	g_assert_true(map != MAP_FAILED);
	g_assert_cmpint(mprotect(map + room, page, PROT_NONE), ==, 0);
	guard->map = map;
	guard->data = map + room - data_len;
	guard->data_len = data_len;
	if (data_len > 0)
		memcpy(guard->data, data, data_len);
}

void fixture_guard_clear(struct fixture_guard *guard)
{
	munmap(guard->map, guard->map_len);
}

void fixture_assert_error(GError **error, enum ecryptfs_error code,
			  const char *word)
{
	g_assert_nonnull(*error);
	g_assert_true((*error)->domain == ECRYPTFS_ERROR);
	g_test_message("%s", (*error)->message);
	g_assert_cmpstr(ecryptfs_error_name((*error)->code), ==,
			ecryptfs_error_name(code));
	if (word && !strstr((*error)->message, word))
		g_error("\"%s\" does not say \"%s\"", (*error)->message, word);
	g_clear_error(error);
}

char *fixture_directory_new(void)
{
	GError *error = NULL;
	char *directory = g_dir_make_tmp("ecryptfs-test-XXXXXX", &error);

	g_assert_no_error(error);
	return directory;
}

static void remove_tree(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		GDir *entries;
		const char *name;

		chmod(path, 0700);
		entries = g_dir_open(path, 0, NULL);
		while (entries && (name = g_dir_read_name(entries))) {
			g_autofree char *inside =
				g_build_filename(path, name, NULL);

			remove_tree(inside);
		}
		g_clear_pointer(&entries, g_dir_close);
	}
	g_assert_cmpint(g_remove(path), ==, 0);
}

void fixture_directory_free(char *directory)
{
	remove_tree(directory);
	g_free(directory);
}

char *fixture_write(const char *directory, const char *name, const void *data,
		    size_t data_len, unsigned int mode)
{
	char *path = g_build_filename(directory, name, NULL);
	GError *error = NULL;

	g_file_set_contents(path, data ? data : "", (gssize)data_len, &error);
	g_assert_no_error(error);
	g_assert_cmpint(chmod(path, mode), ==, 0);
	return path;
}

static GBytes *read_bytes(const char *path)
{
	GError *error = NULL;
	gsize data_len;
	char *data;

	g_file_get_contents(path, &data, &data_len, &error);
	g_assert_no_error(error);
	return g_bytes_new_take(data, data_len);
}

GBytes *fixture_vector(const char *name)
{
	g_autofree char *path = g_test_build_filename(
		G_TEST_DIST, "tests", "vectors", name, NULL);

	return read_bytes(path);
}

EcryptfsPublicKey *fixture_public_key(const char *name)
{
	g_autofree char *file = g_strdup_printf("keys/%s.spki", name);
	g_autoptr(GBytes) spki = fixture_vector(file);
	GError *error = NULL;
	EcryptfsPublicKey *key = ecryptfs_public_key_new(
		g_bytes_get_data(spki, NULL), g_bytes_get_size(spki), &error);

	g_assert_no_error(error);
	return key;
}

char *fixture_key_file(const char *directory, const char *name)
{
	g_autofree char *file = g_strdup_printf("%s.pem", name);
	g_autofree char *vector = g_strdup_printf("keys/%s", file);
	g_autoptr(GBytes) pem = fixture_vector(vector);

	return fixture_write(directory, file, g_bytes_get_data(pem, NULL),
			     g_bytes_get_size(pem), 0600);
}

static char *module_path(const char *built, const char *name)
{
	g_autofree char *file = g_strconcat(name, ".so", NULL);

	return g_test_build_filename(G_TEST_BUILT, built, ".libs", file, NULL);
}

bool fixture_module_built(const char *built, const char *name)
{
	g_autofree char *path = module_path(built, name);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

void fixture_install_module(const char *directory, const char *built,
			    const char *name)
{
	g_autofree char *from = module_path(built, name);
	g_autoptr(GBytes) object = read_bytes(from);
	g_autofree char *file = g_strconcat(name, ".so", NULL);

	g_free(fixture_write(directory, file, g_bytes_get_data(object, NULL),
			     g_bytes_get_size(object), 0755));
}

EcryptfsRegistration *fixture_register(const char *directory, const char *name,
				       const char *pki_name, const char *key,
				       const char *const *params)
{
	g_autoptr(EcryptfsPublicKey) public_key = fixture_public_key(key);
	EcryptfsRegistration *reg =
		ecryptfs_registration_new(name, pki_name, public_key);
	GError *error = NULL;

	for (size_t i = 0; params && params[i]; i += 2)
		ecryptfs_params_set(reg->params, params[i], params[i + 1]);
	ecryptfs_registration_save(directory, reg, true, &error);
	g_assert_no_error(error);
	return reg;
}

void fixture_refused(const char *what, const GError *error, void *data)
{
	(void)data;
	g_error("%s was refused: %s", what, error->message);
}

static EcryptfsSecret *find_in_table(void *data, const char *sig,
				     GError **error)
{
	struct fixture_keyring *ring = data;
	enum ecryptfs_error code = ring->failure;

	g_atomic_int_inc(&ring->asked);
	if (g_strcmp0(ring->sig, sig) == 0 && ring->payload)
		return ecryptfs_secret_new_from(
			g_bytes_get_data(ring->payload, NULL),
			g_bytes_get_size(ring->payload));
	if (code == ECRYPTFS_ERROR_NONE)
		code = ECRYPTFS_ERROR_NO_KEY;
	g_set_error(error, ECRYPTFS_ERROR, code,
		    "the table has no auth tok of signature %s", sig);
	return NULL;
}

struct ecryptfs_keyring fixture_keyring_table(struct fixture_keyring *ring)
{
	return (struct ecryptfs_keyring){ .find = find_in_table,
					  .data = ring };
}
