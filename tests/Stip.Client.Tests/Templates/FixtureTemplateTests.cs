using System.Text.Json;
using Stip.Client.Templates;
using Stip.TestKit;

namespace Stip.Client.Tests.Templates;

/// <summary>Run by hand: the templates of other people's models stay in the folder that STIP_FIXTURES names.</summary>
public sealed class FixtureTemplateTests
{
    [Fact]
    public void Render_FetchedTemplates_MatchGolden()
    {
        var fixtures = FetchedFixtures.Folder;
        Assert.SkipWhen(fixtures is null, FetchedFixtures.Missing);
        using var golden = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(fixtures!, "chat_templates", "golden.json")));
        var root = golden.RootElement;
        var faults = root.GetProperty("cases").EnumerateArray().Select(@case => Fault(root, @case)).ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"templates: {faults.Count(fault => fault is null)} of {faults.Length} renderings exact");
        Assert.Empty(faults.OfType<string>());
    }

    private static string? Fault(JsonElement root, JsonElement @case)
    {
        var name = @case.GetProperty("template").GetString()!;
        var template = ChatTemplate.Parse(
            root.GetProperty("templates").GetProperty(name).GetString()!,
            root.GetProperty("bos_token").GetString(),
            root.GetProperty("eos_token").GetString());
        var messages = @case.GetProperty("messages").EnumerateArray().Select(message => new ChatMessage(
            message.GetProperty("role").GetString()!, message.GetProperty("content").GetString())).ToArray();
        var wanted = @case.TryGetProperty("rendered", out var rendered) ? rendered : @case.GetProperty("error");
        string got;
        try
        {
            got = template.Render(messages, @case.GetProperty("add_generation_prompt").GetBoolean());
        }
        catch (ChatTemplateException refusal)
        {
            got = refusal.Message;
        }

        return got == wanted.GetString() ? null : $"{name}: {got}, wanted {wanted}";
    }
}
