/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Did you mean": the word of a list that is nearest to what was typed. */
#ifndef NEAREST_WORD_H
#define NEAREST_WORD_H

#include <stddef.h>

/**
 * nearest_word:
 * @typed: what was typed; borrowed
 * @word: (nullable): the nearest of those offered so far; borrowed
 * @limit: what the next one must be nearer than
 */
struct nearest_word {
	const char *typed;
	const char *word;
	size_t limit;
};

/*
 * Begins a search. A word counts when no more than a third of @typed, or two
 * letters, are different.
 */
void nearest_word_init(struct nearest_word *nearest, const char *typed);

/* @word: (nullable): a word to choose from. */
void nearest_word_offer(struct nearest_word *nearest, const char *word);

#endif
