/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PKI modules that the loader must refuse. Each is this file with one fault,
 * which the build chooses by a -DBAD_... of its own; without any it is sound.
 * None of its calls may ever be reached, but open.
 */
#include "libecryptfs/ecryptfs-pki-module.h"

#ifdef BAD_ZERO
const struct ecryptfs_pki_module ecryptfs_pki_module_v1 = { 0 };
#else

#ifdef BAD_ABI
#define BAD_ABI_VALUE (ECRYPTFS_PKI_MODULE_ABI + 1)
#else
#define BAD_ABI_VALUE ECRYPTFS_PKI_MODULE_ABI
#endif

#ifdef BAD_SYMBOL
#define ecryptfs_pki_module_v1 ecryptfs_pki_module_v0
#endif

#ifdef BAD_UNDEFINED
extern int ecryptfs_nobody_defines_this(void);
#endif

static bool bad_open(void **module_state, GError **error)
{
	*module_state = NULL;
#if defined(BAD_OPEN)
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_ABSENT,
		    "its device is not there");
	return false;
#elif defined(BAD_OPEN_SILENT)
	(void)error;
	return false;
#elif defined(BAD_UNDEFINED)
	(void)error;
	return ecryptfs_nobody_defines_this() == 0;
#else
	(void)error;
	return true;
#endif
}

static void *bad_key_open(void *module_state, const EcryptfsParams *params,
			  EcryptfsPublicKey *public_key, GError **error)
{
	(void)module_state;
	(void)params;
	(void)public_key;
	(void)error;
	g_error("a refused module was used");
	return NULL;
}

static void bad_key_close(void *key)
{
	(void)key;
}

static GBytes *bad_public_id(void *key, GError **error)
{
	(void)key;
	(void)error;
	return NULL;
}

static bool bad_wrap(void *key, enum ecryptfs_scheme scheme,
		     const uint8_t *plain, size_t plain_len, uint8_t *wrapped,
		     size_t wrapped_cap, size_t *wrapped_len, GError **error)
{
	(void)key;
	(void)scheme;
	(void)plain;
	(void)plain_len;
	(void)wrapped;
	(void)wrapped_cap;
	(void)wrapped_len;
	(void)error;
	return false;
}

static EcryptfsSecret *bad_unwrap(void *key, enum ecryptfs_scheme scheme,
				  const uint8_t *wrapped, size_t wrapped_len,
				  GError **error)
{
	(void)key;
	(void)scheme;
	(void)wrapped;
	(void)wrapped_len;
	(void)error;
	return NULL;
}

static void bad_state(void *key, struct ecryptfs_pki_key_state *state)
{
	(void)key;
	(void)state;
}

#ifndef BAD_MISSING
#define BAD_MISSING 0
#endif

/* Bit n of BAD_MISSING leaves the n-th mandatory call out. */
#define BAD_CALL(n, call) ((BAD_MISSING & (1 << (n))) ? NULL : (call))

const struct ecryptfs_pki_module ecryptfs_pki_module_v1 = {
	.abi = BAD_ABI_VALUE,
	.name = BAD_NAME,
	.description = "for tests: to be refused",
#ifdef BAD_PARAMS
	.params_len = 3,
#endif
	.concurrency = ECRYPTFS_PKI_PARALLEL,
	.open = bad_open,
	.key_open = BAD_CALL(0, bad_key_open),
	.key_close = BAD_CALL(1, bad_key_close),
	.public_id = BAD_CALL(2, bad_public_id),
	.wrap = BAD_CALL(3, bad_wrap),
	.unwrap = BAD_CALL(4, bad_unwrap),
	.state = BAD_CALL(5, bad_state),
};

#endif
