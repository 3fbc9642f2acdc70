package policy

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/writhq/writ/internal/fold"
)

// maxFolded caps what is folded: it is no part of the cost that CEL counts.
const maxFolded = 4 << 10 // bytes

// textFunctions are what CEL lacks to make a login of a name: words are the words of a
// text in lower case without accents, plain is the text so, and spelled writes umlauts as
// two letters.
func textFunctions() []cel.EnvOption {
	fn := func(name string, yields *cel.Type, do func(string) ref.Val) cel.EnvOption {
		return cel.Function(name, cel.MemberOverload("string_"+name, []*cel.Type{cel.StringType}, yields, cel.UnaryBinding(func(v ref.Val) ref.Val {
			text, ok := v.(types.String)
			if !ok {
				return types.MaybeNoSuchOverloadErr(v)
			}
			if len(text) > maxFolded {
				return types.NewErr("%s() takes at most %d bytes", name, maxFolded)
			}
			return do(string(text))
		})))
	}
	return []cel.EnvOption{
		fn("words", cel.ListType(cel.StringType), func(s string) ref.Val {
			return types.DefaultTypeAdapter.NativeToValue(fold.Words(s))
		}),
		fn("plain", cel.StringType, func(s string) ref.Val { return types.String(fold.Plain(s)) }),
		fn("spelled", cel.StringType, func(s string) ref.Val {
			text, _ := fold.Spelled(s)
			return types.String(fold.Plain(text))
		}),
	}
}
