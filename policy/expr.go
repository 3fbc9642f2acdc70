package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"

	"github.com/writhq/writ/internal/fault"
)

// The errors of expressions.
var (
	ErrExpression = fault.New(fault.Invalid, "bad-expression", "the expression cannot be used")
	ErrEvaluation = fault.New(fault.Invalid, "expression-failed", "the expression could not be evaluated")
)

// The caps on expressions. CEL counts the cost of an evaluation; an ordinary rule
// costs a few dozen, a thousand elements looked through a few thousand.
const (
	maxExpression = 4 << 10 // bytes
	maxCost       = 100_000
	maxRegexp     = 1_000 // compiled instructions
)

// VarType is the type of a variable of an expression.
type VarType string

// The types of variables.
const (
	StringVar  VarType = "string"
	IntVar     VarType = "int"
	BoolVar    VarType = "bool"
	StringsVar VarType = "list of strings"
	MapVar     VarType = "map of strings" // attributes by name
)

// Env names the variables that an expression may use. A dot in a name groups
// ("account.login").
type Env map[string]VarType

// Expr is a compiled expression. Any number of goroutines may evaluate it.
type Expr struct {
	source  string
	program cel.Program
	env     Env
	kind    *cel.Type
	uses    []string
}

// Compile checks an expression against the variables of env and compiles it.
// It yields a boolean, a string or an integer. Errors name line and column.
func Compile(source string, env Env) (*Expr, error) {
	if len(source) > maxExpression {
		return nil, ErrExpression.With("the expression is longer than %d bytes", maxExpression)
	}
	if strings.TrimSpace(source) == "" {
		return nil, ErrExpression.With("1:1: the expression is empty")
	}
	options := []cel.EnvOption{
		ext.Strings(ext.StringsVersion(4)), cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(50), cel.ExpressionNodeLimit(1_000), cel.RegexProgramSizeLimit(maxRegexp),
		cel.ExtendedValidations(),
	}
	options = append(options, textFunctions()...)
	for name, t := range env {
		kind, err := t.cel()
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
		options = append(options, cel.Variable(name, kind))
	}
	checked, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("preparing an expression: %w", err)
	}
	ast, issues := checked.Compile(source)
	if issues.Err() != nil {
		return nil, ErrExpression.With("%s", celWords(issues))
	}
	kind := ast.OutputType()
	if !slices.ContainsFunc([]*cel.Type{cel.BoolType, cel.StringType, cel.IntType}, kind.IsExactType) {
		return nil, ErrExpression.With("1:1: the expression yields a %s, not a bool, a string or an int", kind)
	}
	program, err := checked.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return nil, ErrExpression.Because(err)
	}
	return &Expr{source: source, program: program, env: env, kind: kind, uses: uses(ast.NativeRep(), env)}, nil
}

// celWords is what CEL says, one issue a line: "line:column: what".
func celWords(issues *cel.Issues) string {
	var lines []string
	for _, e := range issues.Errors() {
		what, _, _ := strings.Cut(e.Message, "\n")
		lines = append(lines, fmt.Sprintf("%d:%d: %s", e.Location.Line(), e.Location.Column()+1, what))
	}
	return strings.Join(lines, "; ")
}

func (t VarType) cel() (*cel.Type, error) {
	switch t {
	case StringVar:
		return cel.StringType, nil
	case IntVar:
		return cel.IntType, nil
	case BoolVar:
		return cel.BoolType, nil
	case StringsVar:
		return cel.ListType(cel.StringType), nil
	case MapVar:
		return cel.MapType(cel.StringType, cel.StringType), nil
	}
	return nil, fmt.Errorf("no type %q for a variable", t)
}

// String returns the source.
func (x *Expr) String() string { return x.source }

// Decides reports whether the expression yields a boolean.
func (x *Expr) Decides() bool { return x.kind.IsExactType(cel.BoolType) }

// YieldsText reports whether the expression yields a string.
func (x *Expr) YieldsText() bool { return x.kind.IsExactType(cel.StringType) }

// Bool evaluates an expression that yields a boolean.
func (x *Expr) Bool(vars map[string]any) (bool, error) { return eval[bool](x, cel.BoolType, vars) }

// Text evaluates an expression that yields a string.
func (x *Expr) Text(vars map[string]any) (string, error) {
	return eval[string](x, cel.StringType, vars)
}

// Int evaluates an expression that yields an integer.
func (x *Expr) Int(vars map[string]any) (int64, error) { return eval[int64](x, cel.IntType, vars) }

func eval[T any](x *Expr, want *cel.Type, vars map[string]any) (T, error) {
	var zero T
	if x == nil {
		return zero, ErrEvaluation.With("there is no expression")
	}
	if !x.kind.IsExactType(want) {
		return zero, ErrEvaluation.With("%q yields a %s, not a %s", x.source, x.kind, want)
	}
	out, _, err := x.program.Eval(vars)
	if err != nil {
		return zero, ErrEvaluation.With("%q could not be evaluated", x.source).Because(err)
	}
	v, err := out.ConvertToNative(reflect.TypeFor[T]())
	if err != nil {
		return zero, ErrEvaluation.With("%q yields something else than a %s", x.source, want).Because(err)
	}
	t, _ := v.(T)
	return t, nil
}
