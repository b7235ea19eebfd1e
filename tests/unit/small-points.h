/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points of X25519 that give no secret: u of order 1, 2, 4 and 8, from the
 * table of RFC 7748's security considerations, also in forms over the prime.
 */
#ifndef TESTS_UNIT_SMALL_POINTS_H
#define TESTS_UNIT_SMALL_POINTS_H

static const char *const small_points[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

#endif
