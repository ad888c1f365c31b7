using System.Text;
using System.Text.Json;
using Stip.Client.Grammars;
using Stip.Client.Sampling;
using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Grammars;

public sealed class JsonGrammarTests
{
    private const string Person = """
        {"type":"object","properties":{"name":{"type":"string","maxLength":8},"age":{"type":"integer"},
        "tags":{"type":"array","items":{"enum":["a","b"]},"minItems":1,"maxItems":2},
        "friend":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/friend"}]}},
        "required":["name","friend"],"additionalProperties":false,
        "$defs":{"friend":{"type":"object","properties":
        {"friend":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/friend"}]}},
        "required":["friend"]}}}
        """;

    [Theory]
    [InlineData("""{}""", true)]
    [InlineData("""{"a": [1, -2.5e3, true, null, "x\n\u00e9é"], "b": {"c": []}}""", true)]
    [InlineData("{\n  \"a\": 1,\n  \"b\": 2\n}", true)]
    [InlineData("""[1]""", false)]
    [InlineData("""{"a":01}""", false)]
    [InlineData("""{"a":1,}""", false)]
    [InlineData("""{"a" "b"}""", false)]
    [InlineData("""{"a":"\x"}""", false)]
    [InlineData("""{"a":1}}""", false)]
    [InlineData("""{"a":""", false)]
    public void JsonObject_Text_IsTakenOrNot(string text, bool isTaken) =>
        Assert.Equal(isTaken, Takes(TokenGrammar.JsonObject, text));

    [Theory]
    [InlineData("""{"name":"Ann","age":7,"tags":["a","b"],"friend":null}""", true)]
    [InlineData("""{"name": "Ann", "friend": {"friend": {"friend": null}}}""", true)]
    [InlineData("""{"name":"Ann","tags":["b"],"friend":null}""", true)]
    [InlineData("""{"age":7,"friend":null}""", false)]
    [InlineData("""{"name":"Ann"}""", false)]
    [InlineData("""{"friend":null,"name":"Ann"}""", false)]
    [InlineData("""{"name":"Ann","age":7.5,"friend":null}""", false)]
    [InlineData("""{"name":"Ann","tags":[],"friend":null}""", false)]
    [InlineData("""{"name":"Ann","tags":["c"],"friend":null}""", false)]
    [InlineData("""{"name":"Annabelle","friend":null}""", false)]
    [InlineData("""{"name":"Ann","friend":null,"more":1}""", false)]
    public void JsonSchema_Text_IsTakenOrNot(string text, bool isTaken) =>
        Assert.Equal(isTaken, Takes(TokenGrammar.JsonSchema(Parse(Person)), text));

    [Theory]
    [InlineData("""{"type":"string","pattern":"(?=a)b"}""", "'pattern' is not supported from character 3 on")]
    [InlineData("""{"type":"string","pattern":"(a?)*"}""", "repeats what may be empty")]
    [InlineData("""{"type":"string","pattern":"a{3,2}"}""", "'pattern' is not supported from character 7 on")]
    [InlineData("""{"type":"string","pattern":"[z-a]"}""", "'pattern' is not supported")]
    [InlineData("""{"type":"string","pattern":"(["}""", "'pattern' is not supported")]
    [InlineData("""{"type":"string","pattern":"\\bfox"}""", "'pattern' is not supported from character 1 on")]
    [InlineData("""{"type":"string","pattern":"a","minLength":2}""", "'pattern' is not supported beside 'minLength'")]
    [InlineData("""{"type":"string","format":"iri"}""", "'format' 'iri' is none of date")]
    [InlineData("""{"type":"number","multipleOf":1}""", "'multipleOf'")]
    [InlineData("""{"minimum":1}""", "'minimum' is not supported without a 'type'")]
    [InlineData("""{"enum":[1,2],"type":"integer","minimum":2}""", "'minimum' is not supported beside 'enum'")]
    [InlineData("""{"properties":{},"anyOf":[{"type":"null"}]}""", "'properties' is not supported beside 'anyOf'")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":1}""", "leave no number")]
    [InlineData("""{"type":"integer","exclusiveMinimum":1,"maximum":1.9}""", "leave no number")]
    [InlineData("""{"type":"integer","minimum":1e30}""", "'minimum' is not a number below")]
    [InlineData("""{"type":"object","properties":{},"required":["z"]}""", "requires 'z'")]
    [InlineData("""{"allOf":[{"type":"null"},{"type":"null"}]}""", "'allOf' is not a list of one")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "leads nowhere")]
    [InlineData("""{"type":"colour"}""", "'colour'")]
    [InlineData("""{"$ref":"#"}""", "'#' is itself")]
    [InlineData(
        """
        {"$ref":"#/$defs/a","$defs":{
            "a":{"anyOf":[{"type":"object","properties":{"x":{"$ref":"#/$defs/b"}}},{"$ref":"#/$defs/b"}]},
            "b":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}}}
        """,
        "is itself")]
    [InlineData("""{"anyOf":[{"type":"null"},{"$ref":"#"}]}""", "'#' is itself")]
    [InlineData(
        """{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"oneOf":[{"$ref":"#/$defs/a"}]}}}""",
        "is itself")]
    [InlineData("""{"$ref":5}""", "'$ref' is not a text")]
    [InlineData("""{"type":[5]}""", "'type' is not a text")]
    [InlineData("""{"type":[]}""", "'type' is not a list")]
    [InlineData("""{"properties":[]}""", "'properties' is not an object")]
    [InlineData("""{"properties":{},"required":"a"}""", "'required' is not a list")]
    [InlineData("""{"properties":{},"required":[5]}""", "'required' is not a text")]
    public void JsonSchema_KeywordThatIsNotThere_IsRefusedByName(string schema, string named)
    {
        var refusal = Assert.Throws<NotSupportedException>(() => TokenGrammar.JsonSchema(Parse(schema)));

        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"array","items":{"$ref":"#"}}""", "[[],[[]]]")]
    [InlineData("""{"type":"object","properties":{"next":{"$ref":"#"}}}""", """{"next":{"next":{}}}""")]
    public void JsonSchema_ThatHoldsItself_IsFollowed(string schema, string text)
    {
        var grammar = TokenGrammar.JsonSchema(Parse(schema));

        Assert.True(Takes(grammar, text));
        Assert.False(Takes(grammar, text[..^1]));
    }

    [Fact]
    public void JsonSchema_TextNestedFarDown_IsTaken() => Assert.True(Takes(
        TokenGrammar.JsonSchema(Parse("""{"type":"array","items":{"$ref":"#"}}""")),
        new string('[', 20_000) + new string(']', 20_000)));

    [Fact]
    public void Allows_RandomTokens_AlwaysEndInTextOfTheSchema()
    {
        var tokenizer = TextTokenizer.FromFolder(RepositoryRoot.At("samples", "models", "stories"));
        var random = new Random(5);
        var grammar = TokenGrammar.JsonSchema(Parse(Person));
        for (var run = 0; run < 6; run++)
        {
            var constraint = grammar.Start(tokenizer, [0]);
            var sampler = new Sampler(new SamplingOptions { Seed = (ulong)run }, tokenizer.VocabularySize);
            var ids = new List<int>();
            while (!constraint.MustEnd && ids.Count < 400)
            {
                // No model at all: the grammar alone makes the text, and ends it sooner or later.
                float[] logits = [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(_ => random.NextSingle())];
                var id = sampler.Sample(logits, [], ids.Count, 0, constraint);
                if (id == 0)
                {
                    break;
                }

                constraint.Accept(id);
                ids.Add(id);
            }

            if (ids.Count < 400)
            {
                var value = Parse(tokenizer.Decode(ids));
                Assert.Equal(JsonValueKind.String, value.GetProperty("name").ValueKind);
                Assert.True(value.TryGetProperty("friend", out _));
            }
        }
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    private static bool Takes(TokenGrammar grammar, string text)
    {
        var places = GrammarPlaces.Start(grammar.Root);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            places = places.After(value);
        }

        return places.MayEnd;
    }
}
