// Package e2e tests the whole product: the real command on whole companies, with
// real servers and, later, a real browser.
//
// Vocabulary: recall is the share of planted problems that are found; precision
// is the share of findings that were planted; a desk is a folder at which somebody types
// commands; a firm is a company whose Writ is served, with a desk for each of its people.
//
// What it does not do: it holds no code of the product.
package e2e
