// Package mine finds roles in who has what.
package mine
