using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Stip.Client.Templates;
using Stip.TestKit;

namespace Stip.Client.Tests.Templates;

public sealed class ChatTemplateTests
{
    [Fact]
    public void FromFolder_Stories_RendersTheConversation()
    {
        var template = ChatTemplate.FromFolder(RepositoryRoot.At("samples", "models", "stories"))!;
        ChatMessage[] messages = [new("user", "Hello!"), new("assistant", "Hi."), new("user", "And?")];
        Assert.Equal(
            "<|user|>\nHello!<|end|>\n<|assistant|>\nHi.<|end|>\n<|user|>\nAnd?<|end|>\n<|assistant|>\n",
            template.Render(messages));
        Assert.Equal("<|user|>\nHello!<|end|>\n", template.Render(messages[..1], addGenerationPrompt: false));
    }

    [Fact]
    public void FromFolder_NoTemplate_IsNull()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(ChatTemplate.FromFolder(folder.Path));
        File.WriteAllText(folder.At("tokenizer_config.json"), """{"bos_token":"<s>"}""");
        Assert.Null(ChatTemplate.FromFolder(folder.Path));
    }

    [Fact]
    public void FromFolder_JinjaFile_GoesBeforeTheConfig()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.At("tokenizer_config.json"), """{"bos_token":{"content":"<s>"},"chat_template":"config"}""");
        Assert.Equal("config", ChatTemplate.FromFolder(folder.Path)!.Render([]));
        File.WriteAllText(folder.At("chat_template.jinja"), "{{ bos_token }}file{{ eos_token }}");
        Assert.Equal("<s>file", ChatTemplate.FromFolder(folder.Path)!.Render([]));
    }

    [Fact]
    public void FromFolder_NamedTemplates_ToolsChooseTheirs()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.At("tokenizer_config.json"),
            """
            {"chat_template":[{"name":"default","template":"plain"},
                              {"name":"tool_use","template":"{{ tools[0].function.name }}"}]}
            """);
        var template = ChatTemplate.FromFolder(folder.Path)!;
        using var tools = JsonDocument.Parse("""[{"type":"function","function":{"name":"look"}}]""");
        Assert.Equal("plain", template.Render([]));
        Assert.Equal("look", template.Render([], tools: tools.RootElement));
    }

    [Fact]
    public void FromFolder_TemplateForToolsInAFileOfItsOwn_IsTakenForThem()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("additional_chat_templates"));
        File.WriteAllText(folder.At("chat_template.jinja"), "plain");
        Assert.False(ChatTemplate.FromFolder(folder.Path)!.TakesTools);
        File.WriteAllText(
            folder.At("additional_chat_templates/tool_use.jinja"), "{{ tools[0].function.name }}");

        var template = ChatTemplate.FromFolder(folder.Path)!;

        using var tools = JsonDocument.Parse("""[{"type":"function","function":{"name":"look"}}]""");
        Assert.True(template.TakesTools);
        Assert.Equal("plain", template.Render([]));
        Assert.Equal("look", template.Render([], tools: tools.RootElement));
    }

    [Theory]
    [InlineData("{% if %}")]
    [InlineData("{{ x")]
    [InlineData("{% include 'x' %}")]
    [InlineData("{{ '\\ud8' }}")]
    public void Parse_Malformed_IsRefusedInOneLine(string source)
    {
        var refusal = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source, null, null));
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Fact]
    public void Render_FurtherFields_AreSeen()
    {
        using var calls = JsonDocument.Parse("""[{"function":{"name":"f","arguments":{"a":1}}}]""");
        var message = new ChatMessage("assistant", null)
        {
            Fields = new Dictionary<string, JsonElement> { ["tool_calls"] = calls.RootElement },
        };
        var template = ChatTemplate.Parse(
            "{{ messages[0].content is none }} {{ messages[0].tool_calls[0].function.arguments | tojson }}",
            null,
            null);
        Assert.Equal("True {\"a\": 1}", template.Render([message]));
    }

    [Fact]
    public void Render_IntegersBeyond64Bits_KeepTheirDigits()
    {
        using var value = JsonDocument.Parse("{\"id\":12345678901234567890,\"least\":-9223372036854775809,\"e\":1e20}");
        var variables = new Dictionary<string, JsonElement> { ["v"] = value.RootElement };
        var template = ChatTemplate.Parse(
            "{{ v|tojson }} {{ v.id }} {{ v.id is integer }} {{ v.id > 1 }} "
            + "{{ v.id|int }} {{ '%d' % v.id }} {{ v.id|float }}", null, null);

        Assert.Equal(
            "{\"id\": 12345678901234567890, \"least\": -9223372036854775809, \"e\": 1e+20} "
            + "12345678901234567890 True True 12345678901234567890 12345678901234567890 1.2345678901234567e+19",
            template.Render([], variables: variables));
    }

    [Fact]
    public void Render_TimeOfDay_ComesFromTheClock()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 3, 9, 5, 7, TimeSpan.Zero));
        var template = new ChatTemplate(
            "{{ strftime_now('%d %b %Y %H:%M:%S %A %-d %I %p %j') }}", new Dictionary<string, string>(), clock);
        Assert.Equal("03 Nov 2026 09:05:07 Tuesday 3 09 AM 307", template.Render([]));
    }
}
