/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fuzz target gives: one function that takes any bytes. libFuzzer calls
 * it for ever with --enable-fuzz; in every other build replay.c calls it with
 * the seeds and old crashers, as part of "make check".
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The corpus of this target: a folder of tests/fuzz/corpus; for replay.c. */
extern const char fuzz_corpus[];

#endif
