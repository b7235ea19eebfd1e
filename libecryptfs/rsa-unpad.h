/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For files that ecryptfs-utils' pkcs11-helper module wrote: from one raw RSA
 * operation to the FEK packet, whichever of the two paddings it has, without
 * telling by time or error which it was or what failed.
 */
#ifndef ECRYPTFS_RSA_UNPAD_H
#define ECRYPTFS_RSA_UNPAD_H

#include "libecryptfs/ecryptfs.h"

/**
 * ecryptfs_rsa_unpad_either:
 * @block: (transfer none): modulus size bytes from the raw operation
 * @error: (nullable): return location
 *
 * Computes OAEP-SHA1 and PKCS#1 v1.5 always, chooses without branching,
 * accepts only a valid FEK packet.
 *
 * Errors: %ECRYPTFS_ERROR_REJECTED
 */
EcryptfsSecret *ecryptfs_rsa_unpad_either(const EcryptfsSecret *block,
					  GError **error);

#endif
