package keys

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// API is the operations on the vault's keys. All of its fields are needed.
type API struct {
	Ring *Ring
	Gate *policy.Gate
}

const (
	readVault    = "vault.read"
	operateVault = "vault.operate"
)

// maxKeyBody is how large a request with a passphrase or a share may be.
const maxKeyBody = 16 << 10

// guarded guards what is about the vault as a whole.
func guarded[I any](a *API, reason func(*I) string) policy.Guard[I] {
	return policy.On(a.Gate, operateVault, func(_ context.Context, in *I) (policy.Object, error) {
		return policy.Object{Reason: reason(in)}, nil
	})
}

// Register mounts the operations. They translate; they decide nothing. Each that does
// something asks first who calls, and whether they may.
func (a *API) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"vault"}, DefaultStatus: http.StatusOK, MaxBodyBytes: maxKeyBody}
	}
	secretly := func(o huma.Operation) huma.Operation {
		o.Extensions = map[string]any{httpapi.SecretExtension: true}
		return o
	}
	httpapi.Register(api, op("show-vault", http.MethodGet, "/v1/vault", "Whether the vault is open on this node, and how it is sealed"),
		policy.On(a.Gate, readVault, func(context.Context, *struct{}) (policy.Object, error) {
			return policy.Object{}, nil
		}), a.show)
	httpapi.Register(api, secretly(op("init-vault", http.MethodPost, "/v1/vault", "Make the vault, and seal it with something")),
		guarded(a, func(in *sealVaultInput) string { return in.Body.Reason }), a.init)
	httpapi.Register(api, secretly(op("unseal-vault", http.MethodPost, "/v1/vault/unseal", "Open the vault on this node, with a passphrase or one share after the other")),
		guarded(a, func(in *unsealVaultInput) string { return in.Body.Reason }), a.unseal)
	httpapi.Register(api, op("forget-vault-shares", http.MethodPost, "/v1/vault/unseal/forget", "Forget the shares that were given to this node"),
		guarded(a, func(in *vaultReasonInput) string { return in.Body.Reason }), a.forget)
	httpapi.Register(api, op("seal-vault", http.MethodPost, "/v1/vault/seal", "Seal the vault on this node: it opens nothing for anybody"),
		guarded(a, func(in *vaultReasonInput) string { return in.Body.Reason }), a.seal)
	httpapi.Register(api, op("rekey-vault-root", http.MethodPost, "/v1/vault/rekey/root", "Change the root key, while the vault is used"),
		guarded(a, func(in *vaultReasonInput) string { return in.Body.Reason }), a.rekeyRoot)
	httpapi.Register(api, op("rekey-safe", http.MethodPost, "/v1/vault/rekey/safe", "Change the key of a safe, while it is used"),
		guarded(a, func(in *rekeySafeInput) string { return in.Body.Reason }), a.rekeySafe)
	httpapi.Register(api, secretly(op("rekey-vault-seal", http.MethodPost, "/v1/vault/rekey/seal", "Seal the vault with something else; shares count once enough of them were confirmed")),
		guarded(a, func(in *sealVaultInput) string { return in.Body.Reason }), a.rekeySeal)
	httpapi.Register(api, secretly(op("confirm-vault-shares", http.MethodPost, "/v1/vault/rekey/seal/confirm", "Give one of the new shares, to show that they are kept")),
		guarded(a, func(in *unsealVaultInput) string { return in.Body.Reason }), a.confirm)
	httpapi.Register(api, op("cancel-vault-shares", http.MethodPost, "/v1/vault/rekey/seal/cancel", "Let go of the new shares: those before stay in force"),
		guarded(a, func(in *vaultReasonInput) string { return in.Body.Reason }), a.cancel)
	httpapi.Register(api, op("accept-vault-rollback", http.MethodPost, "/v1/vault/accept-rollback", "Let the vault lend from a database that is older than what this node has seen"),
		guarded(a, func(in *vaultReasonInput) string { return in.Body.Reason }), a.accept)
}

type vaultReasonInput struct {
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

// SealBody says what the vault is to be sealed with.
type SealBody struct {
	Seal       Kind   `json:"seal" enum:"file,passphrase,shares,pkcs11,kms"`
	Passphrase string `json:"passphrase,omitempty" doc:"For the seal passphrase"` //nolint:gosec // it is what is sent
	Shares     int    `json:"shares,omitempty" doc:"How many shares are made"`
	Threshold  int    `json:"threshold,omitempty" doc:"How many of them open the vault"`
	Reason     string `json:"reason" minLength:"1" maxLength:"500"`
}

func (b SealBody) request() Request {
	return Request{Kind: b.Seal, Passphrase: secret.New([]byte(b.Passphrase)), Shares: b.Shares, Threshold: b.Threshold}
}

type sealVaultInput struct{ Body SealBody }

// UnsealBody is a passphrase, or one share.
type UnsealBody struct {
	Key    string `json:"key,omitempty" doc:"The passphrase, or one share; a seal that needs nobody takes none"`
	Reason string `json:"reason" minLength:"1" maxLength:"500"`
}

type unsealVaultInput struct{ Body UnsealBody }

// RekeySafeBody names a safe.
type RekeySafeBody struct {
	Safe   access.SafeID `json:"safe" example:"safe_0000000000001"`
	Reason string        `json:"reason" minLength:"1" maxLength:"500"`
}

type rekeySafeInput struct{ Body RekeySafeBody }

// StatusBody is how the vault is, and what whoever asks may do.
type StatusBody struct {
	Status
	May map[string]policy.Verdict `json:"may" doc:"What you may do"`
}

type statusOutput struct{ Body StatusBody }

// SharesBody is what a seal was made of.
type SharesBody struct {
	Made []string `json:"made,omitempty" doc:"The shares, which are shown this once: each is for another person"`
	Status
}

type sharesOutput struct{ Body SharesBody }

// RekeyedBody is how a change of keys ended.
type RekeyedBody struct {
	Generation int64 `json:"generation"`
	Keys       int64 `json:"keys" doc:"Keys that were wrapped anew"`
	Resumed    bool  `json:"resumed,omitempty" doc:"It had been begun before"`
}

type rekeyedOutput struct{ Body RekeyedBody }

func (a *API) show(ctx context.Context, _ *struct{}) (*statusOutput, error) {
	s, err := a.Ring.Status(ctx)
	if err != nil {
		return nil, err
	}
	return &statusOutput{StatusBody{s, a.Gate.Verdicts(ctx, policy.Object{}, operateVault)}}, nil
}

// then shows the vault after what was done.
func (a *API) then(ctx context.Context, err error) (*statusOutput, error) {
	if err != nil {
		return nil, err
	}
	return a.show(ctx, nil)
}

func (a *API) told(ctx context.Context, list []secret.Secret, err error) (*sharesOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &sharesOutput{}
	for _, s := range list {
		out.Body.Made = append(out.Body.Made, string(s.Reveal()))
		s.Wipe()
	}
	out.Body.Status, err = a.Ring.Status(ctx)
	return out, err
}

func (a *API) init(ctx context.Context, in *sealVaultInput) (*sharesOutput, error) {
	q := in.Body.request()
	defer q.Passphrase.Wipe()
	list, err := a.Ring.Init(ctx, q, in.Body.Reason)
	return a.told(ctx, list, err)
}

func (a *API) unseal(ctx context.Context, in *unsealVaultInput) (*statusOutput, error) {
	given := secret.New([]byte(in.Body.Key))
	defer given.Wipe()
	_, err := a.Ring.Unseal(ctx, given, in.Body.Reason)
	return a.then(ctx, err)
}

func (a *API) forget(ctx context.Context, in *vaultReasonInput) (*statusOutput, error) {
	return a.then(ctx, a.Ring.Forget(ctx, in.Body.Reason))
}

func (a *API) seal(ctx context.Context, in *vaultReasonInput) (*statusOutput, error) {
	return a.then(ctx, a.Ring.Shut(ctx, in.Body.Reason))
}

func (a *API) rekeyRoot(ctx context.Context, in *vaultReasonInput) (*rekeyedOutput, error) {
	done, err := a.Ring.RekeyRoot(ctx, in.Body.Reason)
	return &rekeyedOutput{RekeyedBody(done)}, err
}

func (a *API) rekeySafe(ctx context.Context, in *rekeySafeInput) (*rekeyedOutput, error) {
	if in.Body.Safe == 0 {
		return nil, ErrNoSafeKey
	}
	done, err := a.Ring.RekeySafe(ctx, in.Body.Safe, in.Body.Reason)
	return &rekeyedOutput{RekeyedBody(done)}, err
}

func (a *API) rekeySeal(ctx context.Context, in *sealVaultInput) (*sharesOutput, error) {
	q := in.Body.request()
	defer q.Passphrase.Wipe()
	list, err := a.Ring.RekeySeal(ctx, q, in.Body.Reason)
	return a.told(ctx, list, err)
}

func (a *API) confirm(ctx context.Context, in *unsealVaultInput) (*statusOutput, error) {
	given := secret.New([]byte(in.Body.Key))
	defer given.Wipe()
	_, err := a.Ring.Confirm(ctx, given, in.Body.Reason)
	return a.then(ctx, err)
}

func (a *API) cancel(ctx context.Context, in *vaultReasonInput) (*statusOutput, error) {
	return a.then(ctx, a.Ring.CancelSeal(ctx, in.Body.Reason))
}

func (a *API) accept(ctx context.Context, in *vaultReasonInput) (*statusOutput, error) {
	return a.then(ctx, a.Ring.AcceptRollback(ctx, in.Body.Reason))
}
