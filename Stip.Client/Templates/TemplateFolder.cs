using System.Text.Json;
using Stip.Protocol;

namespace Stip.Client.Templates;

/// <summary>Where a model folder keeps its chat template.</summary>
internal static class TemplateFolder
{
    private const string ToolUse = "tool_use";

    public static ChatTemplate? Read(string folder)
    {
        using var config = Load(Path.Combine(folder, "tokenizer_config.json"));
        using var processor = Load(Path.Combine(folder, "chat_template.json"));
        var tokens = config is null ? [] : SpecialTokens.Read(config.RootElement);
        var file = Path.Combine(folder, "chat_template.jinja");
        var sources = (File.Exists(file) ? new Dictionary<string, string> { ["default"] = File.ReadAllText(file) }
            : Sources(processor) ?? Sources(config)) ?? [];
        var forTools = Path.Combine(folder, "additional_chat_templates", $"{ToolUse}.jinja");
        if (File.Exists(forTools))
        {
            sources[ToolUse] = File.ReadAllText(forTools);
        }

        if (sources.Count == 0)
        {
            return null;
        }

        var tools = sources.GetValueOrDefault(ToolUse);
        var source = sources.GetValueOrDefault("default") ?? tools ?? sources.First().Value;
        return new ChatTemplate(source, tokens, TimeProvider.System)
        {
            ForTools = tools is null ? null : new ChatTemplate(tools, tokens, TimeProvider.System),
        };
    }

    private static JsonDocument? Load(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var bytes = File.ReadAllBytes(path);
            // Half a character would throw where it is read.
            var document = JsonText.IsUnicode(bytes)
                ? JsonDocument.Parse(bytes)
                : throw new InvalidDataException($"{path} holds text that is not Unicode");
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document
                : throw new InvalidDataException($"{path} is not a JSON object");
        }
        catch (JsonException)
        {
            throw new InvalidDataException($"{path} is not JSON");
        }
    }

    /// <summary>One template, or several with their names.</summary>
    private static Dictionary<string, string>? Sources(JsonDocument? document)
    {
        if (document is null || !document.RootElement.TryGetProperty("chat_template", out var template))
        {
            return null;
        }

        if (template.ValueKind == JsonValueKind.String)
        {
            return new Dictionary<string, string> { ["default"] = template.GetString()! };
        }

        var named = new Dictionary<string, string>();
        foreach (var entry in template.ValueKind == JsonValueKind.Array ? template.EnumerateArray() : [])
        {
            if (entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("name", out var name)
                && entry.TryGetProperty("template", out var source) && source.ValueKind == JsonValueKind.String)
            {
                named[name.ToString()] = source.GetString()!;
            }
        }

        return named;
    }
}
