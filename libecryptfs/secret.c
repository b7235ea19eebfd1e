/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Secret bytes. libcrypto's secure heap is the pool, so that its own private
 * numbers lie in the same locked pages; pages of our own when it is full.
 */
#include "libecryptfs/ecryptfs-secret.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

#define POOL_SIZE ((size_t)1 << 20)
#define POOL_SIZE_MIN ((size_t)1 << 14)
#define POOL_BLOCK_MIN 32

struct EcryptfsSecret {
	size_t len;
	size_t capacity;
	size_t mapped; /* bytes of own pages, 0 when from the pool */
	uint8_t data[];
};

static size_t pool_size(void)
{
	struct rlimit limit;
	size_t size = POOL_SIZE;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return POOL_SIZE_MIN;
	/* Half of the limit: the daemon's reader locks pages too. */
	while (size > POOL_SIZE_MIN && geteuid() != 0 &&
	       limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur / 2)
		size /= 2;
	return size;
}

static void wiping_free(void *data, const char *file, int line)
{
	(void)file;
	(void)line;
	if (data)
		OPENSSL_cleanse(data, malloc_usable_size(data));
	free(data);
}

static void *plain_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void *wiping_realloc(void *data, size_t size, const char *file,
			    int line)
{
	void *fresh;

	if (size == 0) {
		wiping_free(data, file, line);
		return NULL;
	}
	fresh = malloc(size);
	if (!fresh || !data)
		return fresh;
	memcpy(fresh, data, MIN(size, malloc_usable_size(data)));
	wiping_free(data, file, line);
	return fresh;
}

bool ecryptfs_secret_pool_init(void)
{
	if (CRYPTO_secure_malloc_initialized())
		return true;
	/* Its parsers leave copies of private keys in ordinary memory. */
	if (CRYPTO_set_mem_functions(plain_malloc, wiping_realloc,
				     wiping_free) != 1)
		g_warning("libcrypto was used before the pool of secrets was "
			  "made: it does not wipe what it frees");
	/* 2 says that the heap works but its pages are not locked. */
	return CRYPTO_secure_malloc_init(pool_size(), POOL_BLOCK_MIN) == 1;
}

static EcryptfsSecret *pages_new(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = (size + page - 1) / page * page;
	EcryptfsSecret *secret;

	secret = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (secret == MAP_FAILED)
		g_error("out of memory for %zu secret bytes", size);
	/* Best effort, as in the pool: RLIMIT_MEMLOCK may forbid it. */
	mlock(secret, mapped);
	madvise(secret, mapped, MADV_DONTDUMP);
	secret->mapped = mapped;
	return secret;
}

EcryptfsSecret *ecryptfs_secret_new(size_t capacity)
{
	EcryptfsSecret *secret = NULL;
	size_t size;

	g_assert(capacity > 0 && capacity < SIZE_MAX / 2);
	size = sizeof(*secret) + capacity + 1;
	if (CRYPTO_secure_malloc_initialized())
		secret = OPENSSL_secure_zalloc(size);
	if (!secret)
		secret = pages_new(size);
	secret->capacity = capacity;
	return secret;
}

EcryptfsSecret *ecryptfs_secret_new_from(const void *data, size_t data_len)
{
	EcryptfsSecret *secret = ecryptfs_secret_new(MAX(data_len, 1));

	if (data_len > 0)
		memcpy(secret->data, data, data_len);
	secret->len = data_len;
	return secret;
}

void ecryptfs_secret_free(EcryptfsSecret *secret)
{
	size_t size, mapped;

	if (!secret)
		return;
	size = sizeof(*secret) + secret->capacity + 1;
	mapped = secret->mapped;
	if (mapped > 0) {
		OPENSSL_cleanse(secret, size);
		munmap(secret, mapped);
	} else {
		OPENSSL_secure_clear_free(secret, size);
	}
}

uint8_t *ecryptfs_secret_data(const EcryptfsSecret *secret)
{
	return ((EcryptfsSecret *)(uintptr_t)secret)->data;
}

size_t ecryptfs_secret_len(const EcryptfsSecret *secret)
{
	return secret->len;
}

size_t ecryptfs_secret_capacity(const EcryptfsSecret *secret)
{
	return secret->capacity;
}

void ecryptfs_secret_set_len(EcryptfsSecret *secret, size_t len)
{
	g_assert(len <= secret->capacity);
	OPENSSL_cleanse(secret->data + len, secret->capacity - len);
	secret->len = len;
}

bool ecryptfs_secret_equal(const EcryptfsSecret *a, const EcryptfsSecret *b)
{
	return a->len == b->len && CRYPTO_memcmp(a->data, b->data, a->len) == 0;
}

void ecryptfs_wipe(void *data, size_t data_len)
{
	if (data)
		OPENSSL_cleanse(data, data_len);
}
