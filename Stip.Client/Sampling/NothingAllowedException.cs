using Stip.Client.Bundles;

namespace Stip.Client.Sampling;

/// <summary>A filter rules out every token of the vocabulary.</summary>
internal sealed class NothingAllowedException() : ArgumentException("the filter allows no token")
{
    /// <summary>As whoever asked for the text hears of it.</summary>
    /// <param name="model">Whose vocabulary it is.</param>
    public BundleException Of(string model) => new(
        $"model '{model}' has no token that goes on with the text that response_format, or a grammar, asks for", this);
}
