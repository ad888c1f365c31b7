using System.Text.Encodings.Web;
using System.Text.Json;

namespace Stip.Client.Grammars;

/// <summary>JSON (RFC 8259), with no more white space than people write, so that a model cannot go on with it for
/// ever.</summary>
internal static class JsonRules
{
    private const int DeepestIndentation = 16;

    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly ByteSet Digit = ByteSet.Ranges(('0', '9'));
    private static readonly ByteSet Continuation = ByteSet.Ranges((0x80, 0xBF));
    private static readonly ByteSet Hex = ByteSet.Ranges(('0', '9'), ('a', 'f'), ('A', 'F'));

    public static GrammarNode Space { get; } = new Choice(
        new Sequence(),
        ByteSet.Of(' '),
        new Sequence(ByteSet.Of('\n'), new Repetition(ByteSet.Of(' '), 0, DeepestIndentation)));

    public static GrammarNode Comma { get; } = new Sequence(ByteSet.Of(','), Space);

    /// <summary>One character that is not of ASCII.</summary>
    public static GrammarNode Foreign { get; } = new Choice(
        new Sequence(ByteSet.Ranges((0xC2, 0xDF)), Continuation),
        new Sequence(ByteSet.Ranges((0xE0, 0xE0)), ByteSet.Ranges((0xA0, 0xBF)), Continuation),
        new Sequence(ByteSet.Ranges((0xE1, 0xEC), (0xEE, 0xEF)), Continuation, Continuation),
        new Sequence(ByteSet.Ranges((0xED, 0xED)), ByteSet.Ranges((0x80, 0x9F)), Continuation),
        new Sequence(ByteSet.Ranges((0xF0, 0xF0)), ByteSet.Ranges((0x90, 0xBF)), Continuation, Continuation),
        new Sequence(ByteSet.Ranges((0xF1, 0xF3)), Continuation, Continuation, Continuation),
        new Sequence(ByteSet.Ranges((0xF4, 0xF4)), ByteSet.Ranges((0x80, 0x8F)), Continuation, Continuation));

    /// <summary>One character of a string: any of Unicode, or an escape.</summary>
    public static GrammarNode Character { get; } = new Choice(
        ByteSet.Ranges((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7F)),
        Foreign,
        new Sequence(ByteSet.Of('\\'), ByteSet.Of('"', '\\', '/', 'b', 'f', 'n', 'r', 't')),
        // No surrogates: two of them would have to fit together.
        new Sequence(
            Sequence.Literal("\\u"),
            ByteSet.Ranges(('0', '9'), ('a', 'c'), ('A', 'C'), ('e', 'f'), ('E', 'F')),
            Hex, Hex, Hex));

    public static GrammarNode Text { get; } = TextOf(0, null);

    public static GrammarNode Integer { get; } = new Sequence(
        Choice.Optional(ByteSet.Of('-')),
        new Choice(ByteSet.Of('0'), new Sequence(ByteSet.Ranges(('1', '9')), new Repetition(Digit, 0, 17))));

    public static GrammarNode Number { get; } = new Sequence(
        Integer,
        Choice.Optional(new Sequence(ByteSet.Of('.'), new Repetition(Digit, 1, 17))),
        Choice.Optional(new Sequence(
            ByteSet.Of('e', 'E'), Choice.Optional(ByteSet.Of('+', '-')), new Repetition(Digit, 1, 2))));

    public static GrammarNode Boolean { get; } = new Choice(Sequence.Literal("true"), Sequence.Literal("false"));

    public static GrammarNode Null { get; } = Sequence.Literal("null");

    public static GrammarNode Value { get; } = new Deferred(() =>
        new Choice(AnyObject!, AnyArray!, Text, Number, Boolean, Null));

    public static GrammarNode AnyArray { get; } = ArrayOf(Value, 0, null);

    public static GrammarNode AnyObject { get; } = ObjectOf(Value);

    public static GrammarNode ObjectOf(GrammarNode value) => new Sequence(
        ByteSet.Of('{'), Space, Choice.Optional(ListOf(Member(Text, value), 1, null)), ByteSet.Of('}'));

    public static GrammarNode TextOf(int least, int? most) =>
        new Sequence(ByteSet.Of('"'), new Repetition(Character, least, most), ByteSet.Of('"'));

    public static GrammarNode Member(GrammarNode name, GrammarNode value) =>
        new Sequence(name, Space, ByteSet.Of(':'), Space, value, Space);

    /// <summary>Exactly this value, as it is written without white space.</summary>
    public static GrammarNode Constant(JsonElement value) => Sequence.Literal(JsonSerializer.Serialize(value, Plain));

    public static GrammarNode Name(string name) => Sequence.Literal(JsonSerializer.Serialize(name, Plain));

    public static GrammarNode ArrayOf(GrammarNode item, int least, int? most)
    {
        var items = ListOf(new Sequence(item, Space), Math.Max(1, least), most);
        GrammarNode inside = most is 0 ? new Sequence() : least > 0 ? items : Choice.Optional(items);
        return new Sequence(ByteSet.Of('['), Space, inside, ByteSet.Of(']'));
    }

    private static Sequence ListOf(GrammarNode item, int least, int? most) =>
        new(item, new Repetition(new Sequence(Comma, item), least - 1, most - 1));
}
