// Package minetest makes user-permission matrices of many shapes, with the roles that they
// were made from, and spoils them with noise, so that mining can be tested and measured.
//
// Invariants:
//  1. The same shape, noise and seed make the same matrix.
//  2. No shape is a published data set; some are of their sizes.
//
// What it does not do: it mines nothing.
package minetest
