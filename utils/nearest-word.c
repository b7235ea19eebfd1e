/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "Did you mean": Levenshtein distance over a short list.
 */
#include "utils/nearest-word.h"

#include <string.h>

#include <glib.h>

/* Longer words are typed by no person. */
#define MAX_LEN 63

static size_t distance(const char *a, const char *b)
{
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);
	size_t row[MAX_LEN + 1];

	if (a_len > MAX_LEN || b_len > MAX_LEN)
		return MAX_LEN;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_len];
}

void nearest_word_init(struct nearest_word *nearest, const char *typed)
{
	nearest->typed = typed;
	nearest->word = NULL;
	nearest->limit = MAX(2, strlen(typed) / 3) + 1;
}

void nearest_word_offer(struct nearest_word *nearest, const char *word)
{
	size_t d;

	if (!word)
		return;
	d = distance(word, nearest->typed);
	if (d >= nearest->limit || d >= strlen(word))
		return;
	nearest->limit = d;
	nearest->word = word;
}
