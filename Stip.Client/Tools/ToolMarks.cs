namespace Stip.Client.Tools;

/// <summary>The words by which dialects are known.</summary>
internal static class ToolMarks
{
    public const string BeginBlock = "<tool_call>";
    public const string EndBlock = "</tool_call>";
    public const string BeginList = "[TOOL_CALLS]";

    /// <summary>Functionary 3.2's: whom what follows is for, a function or all.</summary>
    public const string Recipient = ">>>";

    private const string ObjectKey = "\"parameters\":";
    private const string PythonTag = "python_tag";
    private const string RecipientSign = ">>>${recipient}";

    private static readonly ToolMark Block = new(BeginBlock, EndBlock);
    private static readonly ToolMark List = new(BeginList);

    /// <summary>The words of the models that are known, longer ones before those that they begin with.</summary>
    public static IReadOnlyList<ToolMark> All { get; } =
    [
        Block,
        List,
        new("<tool_calls>", "</tool_calls>"), // Apriel, MiniMax M1
        new("<TOOLCALL>", "</TOOLCALL>"), // Nemotron
        new("<seed:tool_call>", "</seed:tool_call>"),
        new("<minimax:tool_call>", "</minimax:tool_call>"),
        new("<｜DSML｜function_calls>", "</｜DSML｜function_calls>") { Sign = "DSML" }, // DeepSeek V3.2
        new("<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>") { Sign = "DSML" }, // DeepSeek V4
        new("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"), // DeepSeek V3, R1, V3.1
        new("<｜tool_calls_begin｜>", "<｜tool_calls_end｜>"), // Step 3
        new("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"), // Kimi K2
        new(NamedCalls.Kimi, "<|tool_call_end|>") { BelongsToCall = true }, // which may leave its section out
        new("<|START_ACTION|>", "<|END_ACTION|>"), // Command R7B, Command A
        new("Action:") { Sign = @"Write \'Action:" }, // Command R
        new("<|tools_prefix|>", "<|tools_suffix|>"), // Apertus
        new("<|tool_call_start|>", "<|tool_call_end|>") { Sign = "<|tool_list_start|>" }, // LFM2
        new("<|tool_call_start|>", "<|tool_call_end|>"), // LFM2.5
        new("<|tool_call|>"), // Granite 3, Phi-4 mini
        new("<|tool_call>", "<tool_call|>"), // Gemma 4
        new("<start_function_call>", "<end_function_call>"), // FunctionGemma
        new("<longcat_tool_call>", "</longcat_tool_call>"),
        new("<tool_calls:opensource>", "</tool_calls:opensource>") { Sign = "<tool_calls{}>" }, // Hunyuan 3
        new(NestedTags.Mark + BeginBlock, NestedTags.Mark + EndBlock) { Sign = NestedTags.Mark }, // MiniMax M3
        new("<|tool_call:begin|>", "<|tool_call:end|>"), // Solar Open
        new("<|action_start|><|plugin|>", "<|action_end|>"), // InternLM
        new("<function_calls>", "</function_calls>"), // Olmo 3
        new("<|function_call|>"), // GigaChat 3.1
        new("functools"), // FireFunction
        new("<function=", "</function>") { BelongsToCall = true }, // Functionary 3.1, Llama 3.1
        new("<function name=\"", "</function>") { BelongsToCall = true }, // MiniCPM5
        new("assistantcommentary to=functions.") { Sign = " to=functions.", BelongsToCall = true }, // gpt-oss
        new("commentary to=functions.") { Sign = " to=functions.", BelongsToCall = true },
        new("assistant to=functions.") { Sign = " to=functions.", BelongsToCall = true },
        new(" to=functions.") { BelongsToCall = true },
        new(Recipient + "all\n") { Sign = RecipientSign, IsText = true }, // Functionary 3.2
        new(Recipient, Recipient + "all\n") { Sign = RecipientSign }, // no JSON has a new line within a string
    ];

    /// <summary>Special tokens that the text of an answer keeps where calls are read from it.</summary>
    public static IReadOnlySet<string> Words { get; } = All
        .SelectMany(mark => new[] { mark.Begin, mark.End ?? "" })
        .Concat(["<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "<｜tool▁sep｜>", "｜DSML｜"])
        .Concat(["<|tool_call_begin|>", "<|tool_call_argument_begin|>", "<|tool_call_end|>", "<|/tool_call|>"])
        .Concat(["<｜tool_call_begin｜>", "<｜tool_call_end｜>", "<｜tool_sep｜>"])
        .Concat(["<|tool_call:name|>", "<|tool_call:args|>", "<|action_start|>", "<|plugin|>"])
        .Concat(["[ARGS]", "[CALL_ID]", NestedTags.Mark, .. GemmaCalls.Quotes])
        .Concat(["<tool_call:opensource>", "</tool_call:opensource>", "<tool_sep:opensource>"])
        .Concat(["<arg_key:opensource>", "</arg_key:opensource>"])
        .Concat(["<arg_value:opensource>", "</arg_value:opensource>"])
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>The dialect that a template teaches its model.</summary>
    public static ToolDialect DialectOf(string template) =>
        template.Contains(BeginBlock, StringComparison.Ordinal) ? ToolDialect.Block
        : template.Contains(BeginList, StringComparison.Ordinal) ? ToolDialect.List
        : template.Contains(ObjectKey, StringComparison.Ordinal)
            || template.Contains(PythonTag, StringComparison.Ordinal) ? ToolDialect.Object
        : ToolDialect.Unknown;

    /// <summary>Words around calls within text, where a template has none that is known.</summary>
    public static ToolMark[] Begins(ToolDialect dialect) => dialect switch
    {
        ToolDialect.Block => [Block],
        ToolDialect.List => [List],
        ToolDialect.Object => [],
        _ => [Block, List],
    };

    /// <summary>Whether an answer that begins with this character may be a call as a whole.</summary>
    public static bool MayBeWhole(ToolDialect dialect, char first) => dialect switch
    {
        ToolDialect.Block => false,
        ToolDialect.List => first == '[',
        _ => first is '{' or '[',
    };
}
