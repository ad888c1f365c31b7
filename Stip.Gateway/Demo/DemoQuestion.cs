namespace Stip.Gateway.Demo;

/// <summary>One prompt and what both models said.</summary>
internal sealed record DemoQuestion(string Prompt, int[] PromptIds, DemoAnswer Protected, DemoAnswer Plain)
{
    public bool IsEqual => Protected.TokenIds.AsSpan().SequenceEqual(Plain.TokenIds) && Protected.Text == Plain.Text;

    /// <summary>Tokens until the first that differs.</summary>
    public int EqualTokens => Protected.TokenIds.AsSpan().CommonPrefixLength(Plain.TokenIds);
}
