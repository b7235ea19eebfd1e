/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each of these is a line of the check list in the tests. */
#include "config.h"

#include "daemon/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_others(void)
{
	int last;

#ifdef HAVE_CLOSE_RANGE
	if (close_range(STDERR_FILENO + 1, ~0u, 0) == 0)
		return;
#endif
	last = (int)MIN(sysconf(_SC_OPEN_MAX), 65536);
	for (int fd = STDERR_FILENO + 1; fd < last; fd++)
		close(fd);
}

bool harden_descriptors(GError **error)
{
	int fd;

	/* open() takes the lowest number, so the three are filled in turn. */
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0) {
		ecryptfs_error_set_errno(error, errno, "cannot open /dev/null");
		return false;
	}
	close_others();
	return true;
}

bool harden_process(GError **error)
{
	const struct rlimit none = { 0, 0 };

	umask(077);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    setrlimit(RLIMIT_CORE, &none) != 0) {
		ecryptfs_error_set_errno(
			error, errno, "cannot give up being dumped and traced");
		return false;
	}
	return true;
}
