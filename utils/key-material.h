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
 * The same for what killed runs left beside @path. That is never the only copy
 * of a key that was registered.
 */
bool key_material_remove_leftovers(struct cmd *cmd, const char *path,
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

/**
 * key_material_claim:
 * @cmd: a run; told on stderr
 * @path: where `generate` is about to make a key file
 * @name: the name to be
 * @error: (nullable): return location
 *
 * Moves what a killed `generate` left at @path to trash/, and leaves a mark
 * beside it by which the next one knows that what is at @path is not a
 * person's. keys/NAME.pem needs no mark. key_material_remove_leftovers() takes
 * the mark away, when the key is registered.
 *
 * Errors: %ECRYPTFS_ERROR_EXISTS when a file is at @path, or it is that of
 *   another registration
 */
bool key_material_claim(struct cmd *cmd, const char *path, const char *name,
			GError **error);

/* Moves @path to trash/TIME-NAME.SUFFIX and says so; @suffix ".conf", ".pem" */
bool key_material_trash(struct cmd *cmd, const char *path, const char *name,
			const char *suffix, GError **error);

/**
 * key_material_forget:
 * @cmd: a run; told on stderr
 * @name: a key
 * @reg: (nullable): its registration; %NULL when there is none to be read,
 *   then its file is keys/NAME.pem
 * @error: (nullable): return location
 *
 * Moves the key file to trash/ when it was made in keys/. Another one stays,
 * and so does one that another registration leads to; it is told where.
 */
bool key_material_forget(struct cmd *cmd, const char *name,
			 const EcryptfsRegistration *reg, GError **error);

/*
 * Deletes the key file, wherever it was made, and adds to @removed. One that
 * was imported stays, and one that another registration leads to.
 */
bool key_material_destroy(struct cmd *cmd, const char *name,
			  const EcryptfsRegistration *reg,
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
