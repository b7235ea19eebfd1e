/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main of a fuzz target in "make check": every seed and every old crasher
 * of its corpus, then each of them cut and with single bits changed, always in
 * memory of exactly that size before a page that cannot be read.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "tests/unit/fixture.h"

#define CUTS 64
#define FLIPS 128

static void run(const void *data, size_t data_len)
{
	struct fixture_guard guard;

	fixture_guard_init(&guard, data, data_len);
	LLVMFuzzerTestOneInput(guard.data, guard.data_len);
	fixture_guard_clear(&guard);
}

/* Spread evenly over the file; all of them when it is small. */
static void run_cuts(const uint8_t *data, size_t data_len)
{
	size_t step = data_len / CUTS + 1;

	for (size_t n = 0; n < data_len; n += step)
		run(data, n);
}

static void run_flips(const uint8_t *data, size_t data_len)
{
	g_autofree uint8_t *changed = g_memdup2(data, data_len);
	/* Odd, so that it is not the same bit of every byte. */
	size_t step = (8 * data_len / FLIPS) | 1;

	for (size_t bit = 0; bit < 8 * data_len; bit += step) {
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		run(changed, data_len);
		changed[bit / 8] = data[bit / 8];
	}
}

static void test_file(const void *path)
{
	g_autofree char *data = NULL;
	GError *error = NULL;
	gsize data_len;

	g_file_get_contents(path, &data, &data_len, &error);
	g_assert_no_error(error);
	run(data, data_len);
	if (data_len > 0) {
		run_cuts((const uint8_t *)data, data_len);
		run_flips((const uint8_t *)data, data_len);
	}
}

static void add_files(const char *directory)
{
	GError *error = NULL;
	g_autoptr(GDir) entries = g_dir_open(directory, 0, &error);
	const char *name;
	int n = 0;

	g_assert_no_error(error);
	while ((name = g_dir_read_name(entries))) {
		g_autofree char *path =
			g_strdup_printf("/fuzz/%s/%s", fuzz_corpus, name);

		g_test_add_data_func_full(
			path, g_build_filename(directory, name, NULL),
			test_file, g_free);
		n++;
	}
	if (n == 0)
		g_error("%s has no seeds", directory);
}

int main(int argc, char **argv)
{
	g_autofree char *directory = NULL;

	g_test_init(&argc, &argv, NULL);
	directory = g_test_build_filename(G_TEST_DIST, "tests", "fuzz",
					  "corpus", fuzz_corpus, NULL);
	add_files(directory);
	return g_test_run();
}
