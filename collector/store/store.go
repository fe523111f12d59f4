// Package store (in the making).
package store
