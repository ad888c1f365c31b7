using System.Text.Json;
using Stip.Client.Tokenization;

namespace Stip.Client.Grammars;

/// <summary>What the text of an answer must be. The server does not see it: the client rules tokens out.</summary>
/// <remarks>Immutable and safe for concurrent use.</remarks>
public sealed class TokenGrammar
{
    internal TokenGrammar(GrammarNode root) => Root = root;

    /// <summary>Any JSON object.</summary>
    public static TokenGrammar JsonObject { get; } = new(new Sequence(JsonRules.AnyObject));

    internal GrammarNode Root { get; }

    /// <summary>JSON of a schema. Members come in the order of the schema, and no others.</summary>
    /// <param name="schema">A JSON Schema of types, properties, required, items, enum, const, anyOf, $ref into
    /// $defs, bounds of lengths and numbers, pattern and format.</param>
    /// <exception cref="NotSupportedException">The schema asks for more; one line that names the keyword.</exception>
    public static TokenGrammar JsonSchema(JsonElement schema) => new(new JsonSchemaRules(schema).Root);

    internal TokenConstraint Start(TextTokenizer tokenizer, IReadOnlyList<int> endIds) =>
        new(this, tokenizer, endIds);
}
