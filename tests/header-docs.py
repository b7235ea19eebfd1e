#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests/check-docs.sh: prints each call, type member and enum member of
# the headers given that has no comment, and each @name that is none of its
# parameters. A comment covers what follows it up to the next empty line.

import re
import sys

DECLARED = re.compile(r'(?!typedef|struct|enum|return|#|G_)[^=;{}()/]*?'
                      r'\b(\w+)\s*\(((?:[^;{}()]|\([^()]*\))*)\)'
                      r'\s*(?:G_GNUC_\w+\s*(?:\([^)]*\))?\s*)*;', re.S)
TYPE = re.compile(r'(?:typedef )?(enum|struct) (\w+) \{(.*?)\n\}[^;]*;',
                  re.S)


def blocks(text):
    """Yields (comment, code) for each run of lines without an empty one."""
    text = re.sub(r'^[ \t]*#.*?(?<!\\)$', '', text, flags=re.M | re.S)
    pos = 0
    comment = None
    while pos < len(text):
        if text.startswith('\n\n', pos) or text.startswith('\n \n', pos):
            comment = None
        if text.startswith('/*', pos):
            end = text.index('*/', pos) + 2
            comment = text[pos:end]
            pos = end
            continue
        at_line = pos == 0 or text[pos - 1] == '\n'
        if at_line and not text[pos].isspace() and text[pos] not in '}':
            match = TYPE.match(text, pos) or DECLARED.match(text, pos)
            if match:
                yield comment, match
                pos = match.end()
                continue
        pos += 1


def parameters(arguments):
    names = set()
    depth = 0
    part = ''
    for char in arguments + ',':
        depth += (char == '(') - (char == ')')
        if char == ',' and depth == 0:
            pointer = re.search(r'\(\*(\w+)\)', part)
            found = pointer or re.search(r'(\w+)(\[[^]]*\])*\s*$', part)
            if found and part.strip() not in ('void', '...'):
                names.add(found.group(1))
            part = ''
        else:
            part += char
    return names


def members(kind, body):
    body = re.sub(r'/\*.*?\*/', '', body, flags=re.S)
    if kind == 'enum':
        return set(re.findall(r'^\s*(\w+)\s*(?:=[^,]*)?,?\s*$', body, re.M))
    names = set()
    for part in body.split(';'):
        pointer = re.search(r'\(\*(\w+)\)', part)
        found = pointer or re.search(r'(\w+)(\[[^]]*\])*\s*$', part)
        if found:
            names.add(found.group(1))
    return names


def documented(comment):
    return set(re.findall(r'^ \* @(\w+):', comment, re.M))


def check(path):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    count = 0
    for comment, match in blocks(text):
        count += 1
        if match.re is TYPE:
            kind, name, body = match.groups()
            want = members(kind, body)
        else:
            name, want = match.group(1), parameters(match.group(2))
        if comment is None:
            print(f'{path}: {name} has no comment')
            continue
        if not comment.startswith(f'/**\n * {name}:'):
            # A plain comment speaks for the group; members need their own
            if match.re is TYPE:
                print(f'{path}: {name} has no gtk-doc comment')
            continue
        have = documented(comment)
        for extra in sorted(have - want):
            print(f'{path}: {name}: @{extra} is not there')
        # Describing none is fine for a call whose words are plain
        if match.re is TYPE or have:
            for lost in sorted(want - have):
                print(f'{path}: {name}: @{lost} is not described')
    if count == 0 and '(' in text:
        print(f'{path}: nothing was understood')


for argument in sys.argv[1:]:
    check(argument)
