"""Forms that nobody ships, with every rule of the vocabulary, each where engines could part.

Halves of a point that binary fractions do not hold, weights and answers with decimals, answers
without a weight, recodes that are no line, tables and rounding up over gaps, a dot in a link id.
"""

from __future__ import annotations

HEAD = """
kind: instrument
id: {id}
version: "1.0.0"
title: Made for the tests
source: made for the tests
licence: {{status: none, wording: shipped}}
"""

HALVES = (
    HEAD.format(id="made-halves")
    + """
each: {type: integer, min: 0, max: 9}
items:
  - {link_id: h-1, field: h_1}
  - {link_id: h-2, field: h_2}
  - {link_id: h-3, field: h_3}
  - {link_id: h-4, field: h_4}
  - {link_id: h-5, field: h_5}
  - {link_id: h-6, field: h_6}
  - {link_id: h-7, field: h_7}
  - {link_id: h-8, field: h_8}
  - {link_id: h-9, field: h_9}
  - {link_id: h-10, field: h_10}
  - {link_id: h-11, field: h_11}
  - {link_id: h-12, field: h_12}
  - {link_id: h-13, field: h_13}
  - {link_id: h-14, field: h_14}
  - {link_id: h-15, field: h_15}
  - {link_id: h-16, field: h_16}
  - {link_id: h-17, field: h_17}
  - {link_id: h-18, field: h_18}
  - {link_id: h-19, field: h_19}
  - {link_id: h-20, field: h_20}
scales:
  - {id: twenty, title: T, items: [h-1 .. h-20], method: mean, places: 1, range: [0, 9]}
  - {id: eight, title: E, items: [h-1 .. h-8], method: mean, places: 2, range: [0, 9]}
  - id: few
    title: F
    items: [h-1 .. h-20]
    method: mean
    places: 1
    missing: {at_least: 10, fill: none}
    range: [0, 9]
  - id: filled
    title: P
    items: [h-1 .. h-8]
    method: sum
    multiply: 3
    missing: {at_least: 4, fill: mean}
    reverse: [h-2, h-3]
    range: [0, 216]
  - id: up
    title: U
    items: [h-1 .. h-8]
    method: sum
    multiply: 3
    missing: {at_least: 4, fill: mean, round: up}
    range: [0, 216]
"""
)

WEIGHTS = (
    HEAD.format(id="made-weights")
    + """
options:
  tenths: [{value: a, weight: 0.1}, {value: b, weight: 0.35}, {value: c, weight: 1.05}]
  unsure: [{value: 0}, {value: 1}, {value: 2}, {value: unsure}]
items:
  - {link_id: t.1, field: t_1, options: tenths}
  - {link_id: tx1, field: tx_1, options: tenths}
  - {link_id: t.2, field: t_2, options: tenths}
  - {link_id: t.3, field: t_3, options: tenths}
  - {link_id: u-1, field: u_1, options: unsure}
  - {link_id: u-2, field: u_2, options: unsure}
  - {link_id: u-3, field: u_3, options: unsure}
scales:
  - {id: sum, title: S, items: [t.1, t.2, t.3], method: sum, places: 1, range: [0, 4]}
  - {id: exact, title: X, items: [t.1, t.2, t.3], method: sum, places: 2, range: [0, 4]}
  - {id: mean, title: M, items: [t.1, t.2], method: mean, places: 1, range: [0, 2]}
  - id: reversed
    title: R
    items: [t.1, t.2, t.3]
    method: sum
    places: 1
    reverse: [t.2, t.3]
    range: [0, 4]
  - id: any
    title: A
    items: [u-1 .. u-3]
    method: mean
    places: 3
    missing: {at_least: 1, fill: none}
    range: [0, 2]
  - id: table
    title: L
    items: [u-1 .. u-3]
    method: lookup
    places: 1
    missing: {at_least: 2, fill: mean}
    table: {0: 8.25, 1: 9.75, 2: 12, 3: 40, 4: 99.9, 5: 100, 6: 120.05}
    range: [8.2, 120.1]
  - id: table-up
    title: L
    items: [u-1 .. u-3]
    method: lookup
    missing: {at_least: 2, fill: mean, round: up}
    table: {0: 0, 1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60}
    range: [0, 60]
"""
)

NUMBERS = (
    HEAD.format(id="made-numbers")
    + """
options:
  three: [{value: 1}, {value: 2}, {value: 3}]
items:
  - {link_id: d-1, field: d_1, type: decimal, min: 0, max: 9.9}
  - {link_id: d-2, field: d_2, type: decimal, min: 0, max: 9.9}
  - {link_id: n-1, field: n_1, type: integer, min: 0, max: 24}
  - {link_id: n-2, field: n_2, type: integer, min: 0, max: 10}
  - {link_id: b-1, field: b_1, type: boolean}
  - {link_id: b-2, field: b_2, type: boolean}
  - {link_id: c-1, field: c_1, options: three}
  - {link_id: c-2, field: c_2, options: three}
scales:
  - {id: decimals, title: D, items: [d-1, d-2], method: mean, places: 1, range: [0, 10]}
  - {id: mixed, title: M, items: [n-1, b-1, b-2, c-1], method: sum, range: [0, 40]}
  - {id: of-all, title: O, items: [d-1, n-2, b-1, c-1], method: mean, places: 1, range: [0, 10]}
  - id: recoded
    title: R
    items: [n-2, b-1, c-1, c-2]
    method: sum
    places: 1
    reverse: [n-2]
    recode: {c-1: {1: 0, 2: 7, 3: 7}, c-2: {1: 0.5, 2: 1, 3: 4}}
    range: [0, 30]
"""
)

CONDITIONS = (
    HEAD.format(id="made-conditions")
    + """
options:
  cause: [{value: therapy}, {value: other}]
  four: [{value: 0}, {value: 1}, {value: 2}, {value: 3}]
items:
  - {link_id: e-1, field: e_1, type: boolean}
  - {link_id: e-1-how, field: e_1_how, options: four, asked_if: &one {item: e-1, equals: 1}}
  - {link_id: e-1-cause, field: e_1_cause, options: cause, asked_if: *one}
  - {link_id: e-2, field: e_2, type: boolean}
  - {link_id: e-2-how, field: e_2_how, options: four, asked_if: &two {item: e-2, equals: 1}}
  - {link_id: e-2-cause, field: e_2_cause, options: cause, asked_if: *two}
  - {link_id: note, field: note, type: string}
  - {link_id: note-how, field: note_how, options: four}
  - {link_id: note-why, field: note_why, options: four, asked_if: {item: note-how, equals: 0}}
  - {link_id: note-more, field: note_more, options: four, asked_if: {item: note-why}}
scales:
  - id: by-therapy
    title: T
    items: [e-1-how, e-2-how]
    method: sum
    only_if:
      e-1-how: {item: e-1-cause, equals: therapy}
      e-2-how: {item: e-2-cause, equals: therapy}
    range: [0, 6]
  - id: by-other
    title: O
    items: [e-1-how, e-2-how, note-how]
    method: mean
    places: 2
    only_if:
      e-1-how: {item: e-1-cause, equals: other}
      e-2-how: {item: e-2-cause, equals: other}
    missing: {at_least: 2, fill: none}
    range: [0, 3]
  - {id: any, title: A, items: [e-1-how, e-2-how, note-how], method: sum, range: [0, 9]}
  - {id: worst, title: W, items: [e-1-how, e-2-how, note-how], method: highest, range: [0, 3]}
  - {id: deep, title: D, items: [note-how, note-why, note-more], method: sum, range: [0, 9]}
  - id: noted
    title: N
    items: [note-how, note-why]
    method: sum
    only_if: {note-how: {item: note}}
    if_missing: {note-why: 2}
    range: [0, 6]
"""
)

SCORES = (
    HEAD.format(id="made-scores")
    + """
options:
  four: [{value: 0}, {value: 1}, {value: 2}, {value: 3}]
items:
  - {link_id: s-1, field: s_1, options: four}
  - {link_id: s-2, field: s_2, options: four}
  - {link_id: s-3, field: s_3, options: four}
  - {link_id: hours, field: hours, type: decimal, min: 0, max: 12}
  - {link_id: down, field: down, type: time}
  - {link_id: up, field: up, type: time}
scales:
  - {id: in-bed, title: B, items: [down, up], method: between, range: [1, 1439], unit: min}
  - {id: asleep, title: A, items: [hours], method: sum, multiply: 60, range: [0, 720], unit: min}
  - id: share
    title: S
    scales: [asleep, in-bed]
    method: percent
    places: 2
    range: [0, 100]
    unit: "%"
  - id: share-step
    title: S
    scales: [asleep, in-bed]
    method: percent
    points: [{high: 12.5, counts: 2}, {high: 50, counts: 1}, {counts: 0}]
    range: [0, 2]
  - id: half
    title: H
    items: [s-1, s-2]
    method: mean
    places: 1
    missing: {at_least: 1, fill: none}
    range: [0, 3]
  - id: stepped
    title: P
    items: [s-1, s-2, s-3]
    method: mean
    points: [{below: 1, counts: 0}, {high: 1.5, counts: 1}, {below: 2.7, counts: 2}, {counts: 3}]
    range: [0, 3]
  - id: hours-stepped
    title: P
    items: [hours, s-1]
    method: sum
    steps: {hours: [{below: 4.5, counts: 3}, {high: 6, counts: 1.5}, {counts: 0}]}
    places: 1
    range: [0, 6]
  - {id: both, title: B, scales: [half, stepped], method: mean, places: 2, range: [0, 3]}
  - {id: together, title: T, scales: [half, stepped], method: sum, places: 1, range: [0, 6]}
  - id: table
    title: L
    scales: [stepped, hours-stepped]
    method: lookup
    table: {0: 1, 1: 3, 2: 5, 3: 7, 4: 11, 5: 13, 6: 17, 7: 19, 8: 23, 9: 29}
    range: [1, 29]
"""
)

MADE = {
    "halves": HALVES,
    "weights": WEIGHTS,
    "numbers": NUMBERS,
    "conditions": CONDITIONS,
    "scores": SCORES,
}
