namespace Stip.Client.Tools;

/// <summary>How a model writes calls.</summary>
internal enum ToolDialect
{
    /// <summary>The template does not tell: any of the others is read.</summary>
    Unknown,

    /// <summary><c>&lt;tool_call&gt;{"name", "arguments"}&lt;/tool_call&gt;</c>, among text (Hermes, Qwen).</summary>
    Block,

    /// <summary>The whole answer is <c>{"name", "parameters"}</c> (Llama 3.1 and later).</summary>
    Object,

    /// <summary><c>[TOOL_CALLS] [{"name", "arguments"}, …]</c> at the end, where the first word is often a special
    /// token and so not part of the text (Mistral).</summary>
    List,
}
