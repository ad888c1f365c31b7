using System.Text.Json;
using Stip.Client.Templates;
using Stip.TestKit;

namespace Stip.Client.Tests.Templates;

/// <summary>Expressions, statements and white space, each with what the reference (Jinja2) renders.</summary>
public sealed class TemplateExpressionTests
{
    [Fact]
    public void Render_ReferenceCases_AreEqual()
    {
        using var golden = JsonDocument.Parse(
            File.ReadAllBytes(RepositoryRoot.At("tests", "data", "templates", "expressions.json")));
        var variables = golden.RootElement.GetProperty("variables").EnumerateObject()
            .ToDictionary(variable => variable.Name, variable => variable.Value);
        var cases = golden.RootElement.GetProperty("cases").EnumerateArray().ToArray();
        Assert.True(cases.Length > 300);
        Assert.Empty(cases.Select(@case => Fault(@case, variables)).OfType<string>());
    }

    private static string? Fault(JsonElement @case, Dictionary<string, JsonElement> variables)
    {
        var template = @case.GetProperty("template").GetString()!;
        var wanted = @case.TryGetProperty("rendered", out var rendered) ? rendered.GetString() : null;
        var error = @case.TryGetProperty("error", out var message) ? message.GetString() : null;
        try
        {
            var got = ChatTemplate.Parse(template, null, null).Render([], variables: variables);
            return got == wanted ? null : $"{template}\n  rendered {got}\n  wanted   {wanted ?? "a refusal"}";
        }
        catch (ChatTemplateException refusal)
        {
            var isFault = wanted is not null || refusal.Message.Contains('\n')
                || (error ?? refusal.Message) != refusal.Message;
            return isFault ? $"{template}\n  refused: {refusal.Message}\n  wanted {wanted ?? error}" : null;
        }
    }
}
