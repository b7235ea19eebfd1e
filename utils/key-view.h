/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registered key as `list`, `show`, `generate` and `import` show it.
 */
#ifndef KEY_VIEW_H
#define KEY_VIEW_H

#include "utils/daemon-status.h"
#include "utils/cmd.h"

/* What the registration says: members of the open object, lines as text. */
void key_view_print_registration(Output *out, const EcryptfsRegistration *reg);

/* The same, and what keyring, file and daemon (nullable) say. */
void key_view_print(Output *out, const EcryptfsRegistration *reg,
		    const DaemonStatus *status);

/* One row of `list`, and one object of its array. */
void key_view_print_row(Output *out, const EcryptfsRegistration *reg,
			const DaemonStatus *status);

#endif
