namespace Stip.Client.Tokenization.Normalization;

/// <summary>One step that rewrites text before it is split.</summary>
internal abstract class Normalizer
{
    public abstract string Apply(string text);
}
