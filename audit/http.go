package audit

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
)

// Guard decides whether whoever calls may; the log lies below what decides, so that
// whoever wires it says how. None has a default.
type Guard = httpapi.Guard[struct{}]

// API is the operations on the log. All of its fields are needed.
type API struct {
	Log                  Log
	Read, Verify, Export Guard
	// Names labels the objects of records.
	Names interface {
		Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	}
	// Stop is closed when the node stops: streams end then.
	Stop <-chan struct{}

	verifying verifying
	streams   streams
}

// ErrRecord is the answer about a record that there is not.
var ErrRecord = fault.New(fault.NotFound, "record-not-found", "the log has no such record")

// asks makes a guard that looks at no input one of an operation with any.
type asks[I any] struct{ Guard }

// Check decides.
func (a asks[I]) Check(ctx context.Context, _ *I) (context.Context, error) {
	return a.Guard.Check(ctx, &struct{}{})
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"audit"}}
	}
	httpapi.Register(api, op("list-audit-records", http.MethodGet, "/v1/audit", "Who did what, the newest first"), asks[listInput]{a.Read}, a.list)
	httpapi.Register(api, op("show-audit-record", http.MethodGet, "/v1/audit/records/{id}", "One record, with the proof that the log holds it"), asks[recordInput]{a.Read}, a.record)
	httpapi.Register(api, op("show-audit-checkpoint", http.MethodGet, "/v1/audit/checkpoint", "The newest signed checkpoint, to keep elsewhere"), asks[struct{}]{a.Read}, a.checkpoint)
	httpapi.Register(api, op("show-audit-proof", http.MethodGet, "/v1/audit/proof", "The proof that the log of one size begins that of a larger one"), asks[proofInput]{a.Read}, a.proof)
	httpapi.Register(api, op("export-audit-log", http.MethodGet, "/v1/audit/export", "The log as JSON lines that anybody can verify, without names and texts"), asks[struct{}]{a.Export}, a.export)
	httpapi.Register(api, op("stream-audit-records", http.MethodGet, "/v1/audit/stream", "Records as they come, as server-sent events"), asks[streamInput]{a.Read}, a.stream)
	verify := op("verify-audit-log", http.MethodPost, "/v1/audit/verify", "Begin to check every record, the tree, its signatures and the payloads")
	verify.DefaultStatus = http.StatusAccepted
	httpapi.Register(api, verify, asks[verifyAuditInput]{a.Verify}, a.verify)
	httpapi.Register(api, op("show-audit-verification", http.MethodGet, "/v1/audit/verify", "How far checking is, and what the last check found"), asks[struct{}]{a.Verify}, a.verification)
}

type listInput struct {
	httpapi.Paging
	Action  []string                        `query:"action,explode" maxItems:"50" doc:"An action, or a feature with a dot at the end for all of its actions; several are any of them"`
	Actor   string                          `query:"actor" maxLength:"80" doc:"Who did it: an identity's id, or a part of Writ"`
	Object  httpapi.Text[access.Ref]        `query:"object" doc:"What it was done to"`
	Subject httpapi.Text[access.IdentityID] `query:"subject" doc:"Whom it tells about, or was done to"`
	From    httpapi.Text[access.Time]       `query:"from" doc:"From then on"`
	To      httpapi.Text[access.Time]       `query:"to" doc:"Before then"`
}

// place is where a page of the log begins.
type place struct {
	Before int64 `json:"b"`
}

// ListedRecord is a record as the API shows it.
type ListedRecord struct {
	Record   int64             `json:"record" doc:"Its number"`
	Revision access.Rev        `json:"revision,omitempty" doc:"None yet where it has no place in the tree"`
	Leaf     *int64            `json:"leaf,omitempty" doc:"Its place in the tree"`
	At       access.Time       `json:"at"`
	Actor    string            `json:"actor"`
	Person   *access.Named     `json:"person,omitempty" doc:"The actor, where it is an identity"`
	Action   string            `json:"action"`
	Object   *access.Named     `json:"object,omitempty"`
	Facts    map[string]string `json:"facts,omitempty" doc:"Ids, counts and words, as the leaf has them"`
	Personal map[string]string `json:"personal,omitempty" doc:"Names and texts, which lie beside the log"`
	Erased   bool              `json:"erased,omitempty" doc:"There were such, and they were erased"`
}

type auditOutput struct {
	Body struct {
		Items []ListedRecord `json:"items"`
		Next  string         `json:"next,omitempty"`
	}
}

func (a *API) list(ctx context.Context, in *listInput) (*auditOutput, error) {
	from, err := httpapi.ParseCursor[place](in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := a.Log.List(ctx, Filter{
		Actions: in.Action, Actor: in.Actor, Object: in.Object.V, Subject: in.Subject.V, From: in.From.V, To: in.To.V, Before: from.Before, First: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &auditOutput{}
	if page.Next != 0 {
		out.Body.Next = httpapi.Cursor(place{page.Next})
	}
	out.Body.Items, err = a.items(ctx, page.Entries)
	return out, err
}

// items are entries with the names of what they refer to.
func (a *API) items(ctx context.Context, entries []Entry) ([]ListedRecord, error) {
	var refs []access.Ref
	for _, e := range entries {
		refs = append(refs, e.Object, personOf(e.Actor))
	}
	labels, err := a.Names.Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	named := func(r access.Ref) *access.Named {
		if r.IsZero() {
			return nil
		}
		n := labels[r].Named(r)
		return &n
	}
	list := make([]ListedRecord, len(entries))
	for i, e := range entries {
		list[i] = ListedRecord{
			Record: e.ID, Revision: e.Rev, At: e.At, Actor: e.Actor, Person: named(personOf(e.Actor)), Action: e.Action, Object: named(e.Object),
			Facts: e.AllFacts(), Personal: e.Personal, Erased: e.Erased,
		}
		if e.Leaf >= 0 {
			list[i].Leaf = &entries[i].Leaf
		}
	}
	return list, nil
}

// personOf is which identity an actor's name means; zero is a part of Writ.
func personOf(actor string) access.Ref {
	r, err := access.ParseRef(actor)
	if err != nil {
		return access.Ref{}
	}
	return r
}

type recordInput struct {
	ID int64 `path:"id" minimum:"1" doc:"The record's number"`
}

type auditRecordOutput struct {
	Body struct {
		ListedRecord
		Text  string          `json:"text,omitempty" doc:"The leaf, exactly as the tree hashes it"`
		Proof *auditInclusion `json:"proof,omitempty" doc:"None until a checkpoint covers it"`
	}
}

// auditInclusion proves that a leaf is in the tree that a checkpoint signs (RFC 6962).
type auditInclusion struct {
	Leaf       int64    `json:"leaf"`
	Size       int64    `json:"size"`
	Hashes     []string `json:"hashes" doc:"In base64, from the leaf upwards"`
	Checkpoint string   `json:"checkpoint"`
	Verifier   string   `json:"verifier" doc:"The key that has signed it"`
}

func (a *API) record(ctx context.Context, in *recordInput) (*auditRecordOutput, error) {
	e, err := a.Log.Record(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	items, err := a.items(ctx, []Entry{e})
	if err != nil {
		return nil, err
	}
	out := &auditRecordOutput{}
	out.Body.ListedRecord = items[0]
	if e.Leaf < 0 {
		return out, nil
	}
	out.Body.Text = string(e.AppendLeaf(nil))
	text, c, err := a.newest(ctx)
	if err != nil || e.Leaf >= c.Size {
		return out, err
	}
	hashes, err := a.Log.Inclusion(ctx, e.Leaf, c.Size)
	if err != nil {
		return nil, err
	}
	out.Body.Proof = &auditInclusion{Leaf: e.Leaf, Size: c.Size, Hashes: written(hashes), Checkpoint: text, Verifier: a.Log.Verifier()}
	return out, nil
}

func (a *API) newest(ctx context.Context) (string, Checkpoint, error) {
	text, err := a.Log.Checkpoint(ctx)
	if err != nil {
		return "", Checkpoint{}, err
	}
	c, err := OpenCheckpoint(text, a.Log.Verifier())
	return text, c, err
}

func written(hashes []tlog.Hash) []string {
	list := make([]string, len(hashes))
	for i, h := range hashes {
		list[i] = h.String()
	}
	return list
}

type auditCheckpointOutput struct {
	Body struct {
		Checkpoint string      `json:"checkpoint" doc:"A signed note (C2SP)"`
		Verifier   string      `json:"verifier" doc:"The key that has signed it"`
		Size       int64       `json:"size"`
		Root       string      `json:"root"`
		Revision   access.Rev  `json:"revision"`
		At         access.Time `json:"at"`
	}
}

func (a *API) checkpoint(ctx context.Context, _ *struct{}) (*auditCheckpointOutput, error) {
	text, c, err := a.newest(ctx)
	out := &auditCheckpointOutput{}
	b := &out.Body
	b.Checkpoint, b.Verifier, b.Size, b.Root, b.Revision, b.At = text, a.Log.Verifier(), c.Size, c.Root.String(), c.Rev, c.At
	return out, err
}

type proofInput struct {
	From int64 `query:"from" required:"true" minimum:"1" doc:"The smaller size"`
	To   int64 `query:"to" required:"true" minimum:"1" doc:"The larger one"`
}

type auditProofOutput struct {
	Body struct {
		From   int64    `json:"from"`
		To     int64    `json:"to"`
		Hashes []string `json:"hashes" doc:"In base64, as RFC 6962 orders them"`
	}
}

func (a *API) proof(ctx context.Context, in *proofInput) (*auditProofOutput, error) {
	hashes, err := a.Log.Consistency(ctx, in.From, in.To)
	out := &auditProofOutput{}
	out.Body.From, out.Body.To, out.Body.Hashes = in.From, in.To, written(hashes)
	return out, err
}

func (a *API) export(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	return httpapi.Stream("application/x-ndjson", "audit.jsonl", func(w *httpapi.Streamer) error {
		return Export(w, a.Log.Evidence(ctx), a.Log.Verifier())
	}), nil
}
