using Stip.Keys.Bundles;

namespace Stip.Client.Sampling;

/// <summary>Rules out the tokens that a model's settings rule out at the place where its answer stands, and what
/// another filter does.</summary>
internal sealed class SuppressedTokens : ITokenFilter
{
    private readonly SequenceManifest _settings;
    private readonly IReadOnlyList<int> _endIds;
    private readonly ITokenFilter? _other;
    private readonly int _startLength;
    private readonly HashSet<int> _ids = [];

    private int _length;

    /// <param name="settings">What never comes, what does not come first, and before where nothing ends.</param>
    /// <param name="endIds">Tokens that end an answer.</param>
    /// <param name="startLength">How many tokens the decoder begins with.</param>
    /// <param name="other">Null for none.</param>
    public SuppressedTokens(
        SequenceManifest settings, IReadOnlyList<int> endIds, int startLength, ITokenFilter? other)
    {
        (_settings, _endIds, _other) = (settings, endIds, other);
        _startLength = _length = startLength;
        Gather();
    }

    /// <summary>How many tokens are ruled out here; null where the other filter may rule out any.</summary>
    public int? Count => _other is null ? _ids.Count : null;

    /// <summary>Whether settings rule out anything.</summary>
    public static bool Has(SequenceManifest? settings) =>
        settings is not null and not { SuppressTokens: null, BeginSuppressTokens: null, MinLength: null };

    /// <summary>A token has come.</summary>
    public void Accept()
    {
        _length++;
        if (_length == _startLength + 1 || _length == _settings.MinLength)
        {
            Gather();
        }
    }

    public bool Allows(int tokenId) => !_ids.Contains(tokenId) && _other?.Allows(tokenId) != false;

    private void Gather()
    {
        _ids.Clear();
        _ids.UnionWith(_settings.SuppressTokens ?? []);
        _ids.UnionWith(_length == _startLength ? _settings.BeginSuppressTokens ?? [] : []);

        // A grammar says itself where its text may end.
        _ids.UnionWith(_length < _settings.MinLength && _other is null ? _endIds : []);
    }
}
