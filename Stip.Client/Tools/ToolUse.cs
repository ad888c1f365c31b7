using System.Text.Json;
using Stip.Client.Bundles;
using Stip.Client.Grammars;

namespace Stip.Client.Tools;

/// <summary>The functions that a model may call in an answer: what its template shows of them, how calls are read from
/// what it says, and how it is held to make one.</summary>
/// <remarks>Immutable and safe for concurrent use.</remarks>
public sealed class ToolUse
{
    private readonly ToolForm _form;
    private readonly ToolFunction[] _functions;
    private readonly ToolChoice _choice;
    private readonly Lazy<GrammarNode> _call;
    private readonly bool _allowsSeveral;

    private ToolUse(
        JsonElement list, ToolForm form, ToolFunction[] functions, ToolChoice choice, bool allowsSeveral)
    {
        (List, _form, _functions, _choice) = (list, form, functions, choice);
        _allowsSeveral = allowsSeveral;
        _call = new(() => ToolGrammar.Of(_form.Dialect, Allowed));
    }

    /// <summary>As the template takes it: OpenAI's list.</summary>
    public JsonElement List { get; }

    /// <summary>Special tokens whose words stay in the answer's text: they stand around calls.</summary>
    public static IReadOnlySet<string> KeptSpecialTokens => ToolMarks.Words;

    private IEnumerable<ToolFunction> Allowed =>
        _functions.Where(function => _choice.Function is null || function.Name == _choice.Function);

    /// <summary>Reads what may be called.</summary>
    /// <param name="bundle">Its chat template has a place for tools.</param>
    /// <param name="tools">OpenAI's list: <c>[{"type":"function","function":{"name",…}}]</c>.</param>
    /// <param name="choice">Whether there must be a call.</param>
    /// <param name="allowsSeveral">False ends an answer with its first call.</param>
    /// <exception cref="NotSupportedException">The template has no tools, or the list has others than functions; one
    /// line.</exception>
    /// <exception cref="ArgumentException">The function that is to be called is not in the list.</exception>
    public static ToolUse For(Bundle bundle, JsonElement tools, ToolChoice choice, bool allowsSeveral = true)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(choice);
        if (bundle.Template is not { TakesTools: true } template)
        {
            throw new NotSupportedException($"the chat template of model '{bundle.Manifest.Model}' has none");
        }

        var use = new ToolUse(
            tools, template.ToolForm, [.. tools.EnumerateArray().Select(ToolFunction.Read)], choice,
            allowsSeveral);
        return use.Allowed.Any()
            ? use
            : throw new ArgumentException($"there is no function '{choice.Function}' among the tools", nameof(choice));
    }

    /// <summary>What the text of the answer must be; null for anything.</summary>
    /// <param name="format">What an answer must be that is no call; null for anything.</param>
    /// <exception cref="NotSupportedException">A strict function's parameters are more than a grammar holds; one line
    /// that names the keyword.</exception>
    public TokenGrammar? Constrain(TokenGrammar? format) =>
        _choice.IsForced ? new TokenGrammar(_call.Value)
        : format is null ? null
        : new TokenGrammar(new Choice(_call.Value, format.Root));

    /// <summary>A reader for one answer.</summary>
    public ToolCallReader CreateReader() => new(_form, _functions, _allowsSeveral);
}
