using System.Text.Json;
using Stip.Client.Templates.Jinja;
using Stip.Client.Templates.Jinja.Builtins;
using Stip.Client.Templates.Jinja.Statements;
using Stip.Client.Templates.Jinja.Syntax;
using Stip.Client.Templates.Jinja.Values;
using Stip.Client.Tools;

namespace Stip.Client.Templates;

/// <summary>
/// A model's chat template, rendered as transformers renders it (Jinja with trim_blocks and lstrip_blocks). Rendering
/// is bounded in steps, depth and length, because templates come with models. Safe to use from several threads at once.
/// </summary>
public sealed class ChatTemplate
{
    private readonly Block _body;
    private readonly IReadOnlyDictionary<string, string> _specialTokens;
    private readonly TimeProvider _clock;
    private readonly bool _mentionsTools;
    private readonly ToolForm _toolForm;

    internal ChatTemplate(string template, IReadOnlyDictionary<string, string> specialTokens, TimeProvider clock)
    {
        _body = TemplateParser.Parse(template);
        (_specialTokens, _clock) = (specialTokens, clock);
        _mentionsTools = template.Contains("tools", StringComparison.Ordinal);
        _toolForm = ToolForm.Of(template);
    }

    /// <summary>
    /// The template that is used when tools are given, where the model has one of its own; null otherwise.
    /// </summary>
    internal ChatTemplate? ForTools { get; init; }

    /// <summary>Whether the template has a place for tools.</summary>
    public bool TakesTools => _mentionsTools || ForTools is not null;

    /// <summary>How the model was taught to write calls.</summary>
    internal ToolForm ToolForm => ForTools?._toolForm ?? _toolForm;

    /// <summary>Reads the template of a model or bundle folder.</summary>
    /// <param name="folder">Looked at: chat_template.jinja, chat_template.json, tokenizer_config.json, in this
    /// order; and for tools additional_chat_templates/tool_use.jinja.</param>
    /// <returns>The template, or null where the folder has none.</returns>
    /// <exception cref="ChatTemplateException">The template cannot be read; one line.</exception>
    /// <exception cref="InvalidDataException">A file of the folder is not the JSON that is expected.</exception>
    public static ChatTemplate? FromFolder(string folder) => TemplateFolder.Read(folder);

    /// <summary>Reads a template from its source.</summary>
    /// <param name="template">The Jinja source.</param>
    /// <param name="bosToken">The value of bos_token; null leaves it undefined.</param>
    /// <param name="eosToken">The value of eos_token; null leaves it undefined.</param>
    /// <exception cref="ChatTemplateException">The template cannot be read; one line with the line number.</exception>
    public static ChatTemplate Parse(string template, string? bosToken, string? eosToken)
    {
        ArgumentNullException.ThrowIfNull(template);
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, token) in new[] { ("bos_token", bosToken), ("eos_token", eosToken) })
        {
            if (token is not null)
            {
                tokens[name] = token;
            }
        }

        return new ChatTemplate(template, tokens, TimeProvider.System);
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The messages, oldest first.</param>
    /// <param name="addGenerationPrompt">Whether the text ends where the assistant begins (default: yes).</param>
    /// <param name="tools">The tools as a JSON list of OpenAI's form; null for none.</param>
    /// <param name="variables">What else the template reads, such as enable_thinking; null for nothing.</param>
    /// <returns>The text to tokenise; its special tokens are written in it.</returns>
    /// <exception cref="ChatTemplateException">The template refuses the messages, or goes beyond its
    /// bounds.</exception>
    public string Render(
        IReadOnlyList<ChatMessage> messages,
        bool addGenerationPrompt = true,
        JsonElement? tools = null,
        IReadOnlyDictionary<string, JsonElement>? variables = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (tools is not null && ForTools is not null)
        {
            return ForTools.Render(messages, addGenerationPrompt, tools, variables);
        }

        var scope = new Scope(new RenderBudget());
        Globals.Define(scope, _clock);
        foreach (var (name, token) in _specialTokens)
        {
            scope.Set(name, token);
        }

        scope.Set("messages", messages.Select(Value).ToList());
        scope.Set("tools", tools is { } given ? JsonValues.Read(given) : null);
        scope.Set("documents", null);
        scope.Set("add_generation_prompt", addGenerationPrompt);
        foreach (var (name, value) in variables ?? new Dictionary<string, JsonElement>())
        {
            scope.Set(name, JsonValues.Read(value));
        }

        return _body.Render(scope.Open());
    }

    private static object? Value(ChatMessage message)
    {
        var map = new TemplateMap { ["role"] = message.Role, ["content"] = message.Content };
        foreach (var (name, value) in message.Fields)
        {
            map[name] = JsonValues.Read(value);
        }

        return map;
    }
}
