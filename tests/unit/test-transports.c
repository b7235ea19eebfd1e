/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of two transports is used, as far as a machine without the family
 * shows it; in a network namespace of its own no machine has it. The others
 * of the choice are in tests/vm/guest/netlink-alone.sh.
 */
#include "daemon/transports.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "tests/unit/genl-fake.h"

static unsigned int changes;

static void on_changed(void *data, struct transport *transport)
{
	g_assert_true(data == &changes);
	g_assert_nonnull(transport);
	changes++;
}

static Transports *new_transports(const char *list, const char *device)
{
	const struct transports_config config = {
		.list = list,
		.device = device,
		.sink = { .changed = on_changed, .data = &changes },
	};
	GError *error = NULL;

	g_assert_true(transports_check_list(list, &error));
	g_assert_no_error(error);
	changes = 0;
	return transports_new(&config);
}

static void end_transports(Transports *transports)
{
	transports_stop(transports);
	transports_free(transports);
}

static void assert_current(Transports *transports, const char *name,
			   const char *words)
{
	struct transport *current = transports_current(transports);
	g_autofree char *text = current->describe(current);

	g_test_message("%s: %s", current->name, text);
	g_assert_cmpstr(current->name, ==, name);
	g_assert_nonnull(strstr(text, words));
}

static void test_lists(void)
{
	static const char *const good[] = { "netlink", "device",
					    "netlink,device",
					    "device,netlink" };
	static const char *const bad[] = { "", ",", "netlink,", "Device",
					   "device,pigeon", " device" };
	GError *error = NULL;

	g_assert_true(transports_check_list(NULL, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(transports_check_list(good[i], NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_false(transports_check_list(bad[i], &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_USAGE, NULL);
	}
}

/* A terminal is a character device that every test may make. */
static int open_terminal(char **path)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(grantpt(fd), ==, 0);
	g_assert_cmpint(unlockpt(fd), ==, 0);
	*path = g_strdup(ptsname(fd));
	return fd;
}

static void test_device_without_family(void)
{
	g_autofree char *terminal = NULL;
	int fd = open_terminal(&terminal);
	Transports *transports = new_transports(NULL, terminal);
	GError *error = NULL;

	g_assert_true(transports_start(transports, &error));
	g_assert_no_error(error);
	assert_current(transports, "device", "registered");
	end_transports(transports);
	close(fd);
}

/* Neither: it is the node that most people can do something about. */
static void test_nothing(void)
{
	Transports *transports = new_transports(NULL, "/nowhere/ecryptfs");
	GError *error = NULL;

	g_assert_false(transports_start(transports, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_KERNEL,
			     "/nowhere/ecryptfs is not there");
	assert_current(transports, "device", "waiting for eCryptfs");
	end_transports(transports);
}

static void test_netlink_alone(void)
{
	g_autofree char *terminal = NULL;
	int fd = open_terminal(&terminal);
	Transports *transports = new_transports("netlink", terminal);
	GError *error = NULL;

	g_assert_false(transports_start(transports, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_KERNEL,
			     "no generic netlink family");
	assert_current(transports, "netlink", "waiting for eCryptfs");
	end_transports(transports);
	close(fd);
}

static void test_device_alone(void)
{
	Transports *transports = new_transports("device", "/nowhere/ecryptfs");
	GError *error = NULL;

	g_assert_false(transports_start(transports, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_KERNEL, "is not there");
	assert_current(transports, "device", "waiting for eCryptfs");
	end_transports(transports);
}

/* Stopped and started again, as --replace does. */
static void test_again(void)
{
	g_autofree char *terminal = NULL;
	int fd = open_terminal(&terminal);
	Transports *transports = new_transports(NULL, terminal);

	for (int i = 0; i < 3; i++) {
		g_assert_true(transports_start(transports, NULL));
		assert_current(transports, "device", "registered");
		transports_stop(transports);
	}
	transports_free(transports);
	close(fd);
}

int main(int argc, char **argv)
{
	genl_fake_enter_namespaces(argv);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/transports/lists", test_lists);
	g_test_add_func("/transports/device-without-family",
			test_device_without_family);
	g_test_add_func("/transports/nothing", test_nothing);
	g_test_add_func("/transports/netlink-alone", test_netlink_alone);
	g_test_add_func("/transports/device-alone", test_device_alone);
	g_test_add_func("/transports/again", test_again);
	return g_test_run();
}
