/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key files that we made, below $XDG_DATA_HOME/ecryptfs: keys/NAME.pem,
 * and trash/ for what was forgotten. Whoever changes registrations or key
 * files holds the folder's lock.
 */
#ifndef KEY_MATERIAL_H
#define KEY_MATERIAL_H

#include "utils/cmd.h"

/**
 * key_material_lock:
 * @error: (nullable): return location
 *
 * Makes the folders (0700) and waits for the lock. It ends with the process,
 * however that ends.
 */
bool key_material_lock(GError **error);

/* (transfer full): keys/NAME.pem, the file that `generate` makes. */
char *key_material_path(const char *name);

/**
 * key_material_other_user:
 * @path: a key file
 * @name: a registration that does not count
 *
 * Returns: (transfer full) (nullable): another registration that leads to
 *   @path; it must not lose the file
 */
char *key_material_other_user(const char *path, const char *name);

/**
 * key_material_remove:
 * @cmd: a run; told on stderr when the file stays
 * @path: a file; need not be there
 * @name: the key whose file it is
 * @removed: (inout) (nullable): one more when it went
 * @error: (nullable): return location
 *
 * Deletes @path, unless another registration than @name leads to it.
 */
bool key_material_remove(struct cmd *cmd, const char *path, const char *name,
			 unsigned int *removed, GError **error);

/*
 * The same for what killed writes of @path left beside it. That is never the
 * only copy of a key that was registered.
 */
bool key_material_remove_temporaries(struct cmd *cmd, const char *path,
				     const char *name, unsigned int *removed,
				     GError **error);

/**
 * key_material_clear_leftovers:
 * @cmd: a run; told on stderr
 * @name: a name that is not registered
 * @error: (nullable): return location
 *
 * Moves the key file that a killed `generate` left under @name to trash/.
 *
 * Errors: %ECRYPTFS_ERROR_EXISTS when another registration uses the file
 */
bool key_material_clear_leftovers(struct cmd *cmd, const char *name,
				  GError **error);

/* Moves @path to trash/TIME-NAME.SUFFIX and says so; @suffix ".conf", ".pem" */
bool key_material_trash(struct cmd *cmd, const char *path, const char *name,
			const char *suffix, GError **error);

/**
 * key_material_forget:
 * @cmd: a run; told on stderr
 * @name: a key
 * @error: (nullable): return location
 *
 * Moves keys/NAME.pem to trash/, unless another registration leads there.
 */
bool key_material_forget(struct cmd *cmd, const char *name, GError **error);

/* The same, but deletes; adds to @removed. */
bool key_material_destroy(struct cmd *cmd, const char *name,
			  unsigned int *removed, GError **error);

/**
 * key_material_empty_trash:
 * @name: a key
 * @removed: (inout): one more for each file
 * @error: (nullable): return location
 *
 * Deletes what trash/ holds of @name.
 */
bool key_material_empty_trash(const char *name, unsigned int *removed,
			      GError **error);

#endif
