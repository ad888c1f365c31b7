using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Stip.Client.Grammars;

namespace Stip.Client.Tests.Grammars;

public sealed class SchemaBoundTests
{
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly string[] Bounds =
        ["-120", "-100", "-12.5", "-1", "-0.05", "0", "0.05", "0.5", "1", "1.25", "9", "10", "99.99", "100", "120"];

    [Theory]
    [InlineData("integer")]
    [InlineData("number")]
    public void Numbers_BetweenAllBounds_AreTakenAsTheBoundsSay(string type)
    {
        string[] numbers =
        [
            .. Enumerable.Range(-130, 261).Select(number => number.ToString(CultureInfo.InvariantCulture)),
            .. Enumerable.Range(-260, 521)
                .Select(number => (number / 20m).ToString("0.00", CultureInfo.InvariantCulture)),
            "-0.051", "-0.0499", "0.0001", "99.991", "99.989", "1.250", "1.2501", "100.0", "120.001",
        ];
        foreach (var (least, most) in Bounds.SelectMany(low => Bounds.Select(high => (Low: low, High: high))))
        {
            foreach (var isOpen in new[] { false, true })
            {
                var (low, high) = (Number(least), Number(most));
                if (high - low <= 1)
                {
                    continue;
                }

                var grammar = Grammar(isOpen
                    ? $$"""{"type":"{{type}}","exclusiveMinimum":{{least}},"exclusiveMaximum":{{most}}}"""
                    : $$"""{"type":"{{type}}","minimum":{{least}},"maximum":{{most}}}""");
                var wrong = numbers.Where(text => Takes(grammar, text) != IsInside(text, low, high, isOpen, type));
                Assert.True(!wrong.Any(), $"{type} {least}..{most} {isOpen}: {string.Join(' ', wrong)}");
            }
        }
    }

    [Theory]
    [InlineData("""{"type":"integer","minimum":5}""", "5 17 999999999999999999", "4 -5 05 5.0 5e1")]
    [InlineData("""{"type":"number","exclusiveMaximum":-2.5}""", "-2.51 -3 -1000", "-2.5 -2.50 -2 0 1")]
    [InlineData("""{"type":["integer","null"],"minimum":0,"maximum":0}""", "0 null", "1 -0 -1 00")]
    [InlineData("""{"type":"object","additionalProperties":false}""", "{}", """{"a":1} null""")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"null"}}""", """{} {"a":null}""", """{"a":1}""")]
    [InlineData("""{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"type":"boolean"}}}""", "true", "null")]
    [InlineData("""{"type":"string","enum":["a",1,null]}""", "\"a\"", "1 null")]
    [InlineData("""{"type":["integer","null"],"enum":["a",1,1.5,null]}""", "1 null", "\"a\" 1.5")]
    [InlineData("""{"type":"number","anyOf":[{"type":"integer"},{"const":1.5}]}""", "7 1.5", "2.5 null")]
    [InlineData("""{"type":"null","allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"enum":[null]}}}""", "null", "1")]
    [InlineData("""{"format":"date","type":"string"}""", "\"2024-02-28\"", "\"2024-02-30\" \"24-02-28\"")]
    [InlineData("""{"format":"ipv4","type":"string"}""", "\"192.168.0.255\"", "\"192.168.0.256\"")]
    [InlineData("""{"format":"email","type":"string"}""", "\"a.b@c.org\"", "\"a@c\" \"@c.org\"")]
    public void Schema_Texts_AreTakenOrNot(string schema, string taken, string refused)
    {
        var grammar = Grammar(schema);

        Assert.All(taken.Split(' '), text => Assert.True(Takes(grammar, text), text));
        Assert.All(refused.Split(' '), text => Assert.False(Takes(grammar, text), text));
    }

    [Theory]
    [InlineData("^[A-C]{2}-\\d{3}$")]
    [InlineData("fox")]
    [InlineData("^(fox|crow)s?$|^[^a-z]+$")]
    [InlineData("^(\\w+\\s?)+$")]
    [InlineData("^a.c|\\.$")]
    [InlineData("^(?:\\x41|\\u0042)*[\\]\\-\"\\\\é]?$")]
    [InlineData("^.{2,3}?$")]
    [InlineData("")]
    public void Pattern_Strings_AreTakenAsARegexTakesThem(string pattern)
    {
        string[] texts =
        [
            "", "AB-123", "AB-12", "XAB-123", "the fox ran", "fox", "foxs", "crows", "crow!", "A B", "12", "é", "ab",
            "abc", "a\nc", "a\"c", "a\\c", "x.", "x.y", "ABBA]", "AB\"", "AB\\", "ABé", "C", "fox and crow",
        ];
        var grammar = Grammar(JsonSerializer.Serialize(new { type = "string", pattern }));
        var regex = new Regex(pattern, RegexOptions.ECMAScript);

        Assert.All(texts, text => Assert.Equal(
            regex.IsMatch(text), Takes(grammar, text)));

        static bool Takes(TokenGrammar grammar, string text) =>
            SchemaBoundTests.Takes(grammar, JsonSerializer.Serialize(text, Plain));
    }

    [Theory]
    [InlineData("""{"$ref":"#/$defs/a","enum":["x"],"$defs":{"a":{"type":"string"}}}""", "enum")]
    [InlineData("""{"enum":["a"],"anyOf":[{"type":"null"}]}""", "anyOf")]
    [InlineData("""{"type":"string","anyOf":[{"description":"a"},{"type":"null"}]}""", "type")]
    [InlineData("""{"type":"string","$ref":"#/$defs/a","$defs":{"a":{"type":["string","null"]}}}""", "type")]
    [InlineData("""{"type":"string","enum":[1,2]}""", "enum")]
    [InlineData("""{"type":"number","minimum":1e-30}""", "minimum")]
    [InlineData("""{"type":"number","maximum":0.12345678901234567890123456789}""", "maximum")]
    [InlineData("""{"type":"string","pattern":"^((a{1,99}){1,99}){1,99}$"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"[a-z]{1,10000}x"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"^a{9000}b{9000}c{9000}$"}""", "pattern")]
    public void Schema_ThatCannotBeHeld_IsRefusedByItsKeyword(string schema, string keyword)
    {
        var refusal = Assert.Throws<NotSupportedException>(() => Grammar(schema));

        Assert.Contains($"'{keyword}'", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>White space and ends of lines are those of ECMAScript, which .NET's regular expressions do not
    /// know.</summary>
    [Theory]
    [InlineData("^\\S$", "\u00A0\u1680\u2003\u2028\u3000\uFEFF", "\u00A1\u200B\u2027\u202A\uFEFEé€")]
    [InlineData("^.$", "\u2028\u2029", "\u2027\u202A\u00A0é")]
    [InlineData("^[^é\\s]$", "é\u2029", "èa€")]
    [InlineData("^[\\s€]$", "é", "\u00A0€\u3000")]
    public void Pattern_CharactersBeyondAscii_AreThoseOfEcmaScript(string pattern, string refused, string taken)
    {
        var grammar = Grammar(JsonSerializer.Serialize(new { type = "string", pattern }));

        Assert.All(taken, character => Assert.True(Takes(grammar, $"\"{character}\""), $"{(int)character:X}"));
        Assert.All(refused, character => Assert.False(Takes(grammar, $"\"{character}\""), $"{(int)character:X}"));
        Assert.Equal(!pattern.Contains('€', StringComparison.Ordinal), Takes(grammar, "\"😀\""));
    }

    /// <summary>A stack has an end, rules need not.</summary>
    [Fact]
    public void Pattern_OfManyOptionalParts_IsTaken()
    {
        var pattern = $"^{string.Concat(Enumerable.Repeat("a?", 20_000))}$";
        var grammar = Grammar(JsonSerializer.Serialize(new { type = "string", pattern }));

        Assert.True(Takes(grammar, "\"aa\""));
        Assert.False(Takes(grammar, "\"ab\""));
    }

    /// <summary>References in a row are as deep as a body is long.</summary>
    [Theory]
    [InlineData(true, 60_000, false)]
    [InlineData(false, 60_000, false)]
    [InlineData(false, 4_000, true)]
    public void References_OfAnyNumberInARow_EndInARuleOrARefusal(bool hasType, int count, bool isTaken)
    {
        var definitions = Enumerable.Range(0, count).Select(i => i == 0
            ? "\"0\":{\"type\":\"null\"}"
            : $$"""
                "{{i}}":{"$ref":"#/$defs/{{i - 1}}"}
                """);
        var root = hasType
            ? $$"""
                "type":"null","$ref":"#/$defs/{{count - 1}}"
                """
            : $$"""
                "anyOf":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"$ref":"#/$defs/{{i}}"}"""))}}]
                """;
        var schema = $$$"""{{{{root}}},"$defs":{{{{string.Join(',', definitions)}}}}}""";

        if (isTaken)
        {
            Assert.True(Takes(Grammar(schema), "null"));
        }
        else
        {
            Assert.Throws<NotSupportedException>(() => Grammar(schema));
        }
    }

    /// <summary>Two branches that begin alike are two more ways with every bracket.</summary>
    [Fact]
    public void Branches_ThatBeginAlike_EndWhereTheyAreTooMany()
    {
        var grammar = Grammar(
            """{"anyOf":[{"type":"array","items":{"$ref":"#"}},{"type":"array","items":{"$ref":"#"}}]}""");

        Assert.True(Takes(grammar, "[[[[[]]]]]"));
        Assert.False(Takes(grammar, new string('[', 40) + new string(']', 40)));
    }

    [Theory]
    [InlineData("^(a|a)*b$")]
    [InlineData("^(\\w+\\s?)+!$")]
    [InlineData("^((a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)"
        + "(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)(a?|b?)c)+$")]
    public void Pattern_OfManyWays_StaysSmall(string pattern)
    {
        var grammar = Grammar(JsonSerializer.Serialize(new { type = "string", pattern }));

        Assert.False(Takes(grammar, '"' + new string('a', 400) + '?'));
    }

    private static bool IsInside(string text, decimal low, decimal high, bool isOpen, string type)
    {
        var number = Number(text);
        return (isOpen ? number > low && number < high : number >= low && number <= high)
            && (type == "number" || !text.Contains('.', StringComparison.Ordinal))
            && !text.StartsWith("-0.00", StringComparison.Ordinal);
    }

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    private static TokenGrammar Grammar(string schema)
    {
        using var document = JsonDocument.Parse(schema);
        return TokenGrammar.JsonSchema(document.RootElement.Clone());
    }

    private static bool Takes(TokenGrammar grammar, string text) =>
        Encoding.UTF8.GetBytes(text)
            .Aggregate(GrammarPlaces.Start(grammar.Root), (places, value) => places.After(value)).MayEnd;
}
