//go:build !kms

package keys

import "context"

// errCloud is what a cloud's key service is in a build that speaks to none.
var errCloud = ErrSeal.With("this build of Writ reaches no cloud's key service, but hashivault alone: build it with -tags kms")

// usable reports why the service cannot be used, or nil.
func (k *KeyService) usable() error {
	if k.url.Scheme != transitScheme {
		return errCloud
	}
	return nil
}

func (k *KeyService) keeper(context.Context) (keeper, error) {
	if err := k.usable(); err != nil {
		return nil, err
	}
	return newTransit(k)
}
