using Microsoft.ML.OnnxRuntime;
using Stip.Client.Bundles;

namespace Stip.Client.Embedding;

/// <summary>
/// What a client's graph keeps of one sequence, in caches that grow with it: what a run gives is what the next one
/// takes. Whoever goes back to an earlier place has the rest cut off.
/// </summary>
internal sealed class TokenLayersSequence(TokenLayers layers) : IDisposable
{
    private OrtValue[] _caches = []; // in the order of the graph's caches, of _length tokens each
    private int _length;

    /// <summary>Runs tokens that stand after so many others, which were run before.</summary>
    /// <param name="tokenIds">n tokens.</param>
    /// <param name="firstPosition">Place of the first of them, at most the tokens that were run.</param>
    /// <returns>Rows for the server <c>[n, hidden]</c> in the graph's own type.</returns>
    /// <exception cref="BundleException">The graph cannot take them, or its caches do not grow by them.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public byte[] Run(ReadOnlySpan<int> tokenIds, int firstPosition)
    {
        layers.CheckIds(tokenIds);
        if (tokenIds.Length > 1 && layers.TakesOneToken)
        {
            return RunEach(tokenIds, firstPosition);
        }

        MoveTo(firstPosition);
        var ids = new long[tokenIds.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = tokenIds[i];
        }

        var made = new List<OrtValue>();
        try
        {
            var results = layers.Run(
                [.. layers.Inputs.Select(name => Past(name) ?? Made(Value(name, ids, firstPosition)))],
                [layers.Ports.Rows, .. layers.Caches.Select(cache => cache.Present)],
                ids.Length * layers.Texts);
            using var rows = results[0];
            Replace([.. results.Skip(1)], firstPosition + ids.Length);
            var bytes = rows.GetTensorMutableRawData();
            return bytes[..(bytes.Length / layers.Texts)].ToArray();
        }
        finally
        {
            made.ForEach(value => value.Dispose());
        }

        OrtValue Made(OrtValue value)
        {
            made.Add(value);
            return value;
        }
    }

    private byte[] RunEach(ReadOnlySpan<int> tokenIds, int firstPosition)
    {
        using var rows = new MemoryStream();
        for (var i = 0; i < tokenIds.Length; i++)
        {
            rows.Write(Run(tokenIds.Slice(i, 1), firstPosition + i));
        }

        return rows.ToArray();
    }

    /// <summary>A sequence that begins as this one.</summary>
    /// <param name="tokens">How many tokens both share, which were run.</param>
    public TokenLayersSequence Fork(int tokens) =>
        new(layers) { _caches = FirstTokens(tokens), _length = tokens };

    public void Dispose() => Array.ForEach(_caches, cache => cache.Dispose());

    // Null for what is no cache, and before the first token, where there is none.
    private OrtValue? Past(string name) => _caches.ElementAtOrDefault(PlaceOf(name) ?? -1);

    private int? PlaceOf(string name) => layers.Caches.Select((cache, place) => (cache.Past, (int?)place))
        .FirstOrDefault(entry => entry.Past == name).Item2;

    private OrtValue Value(string name, long[] ids, int firstPosition)
    {
        var (ports, count, total) = (layers.Ports, ids.Length, firstPosition + ids.Length);

        // Segments are those of pairs of texts; here all is one text.
        return PlaceOf(name) is { } place ? layers.Allocate(layers.Caches[place], 0)
            : name == ports.Ids ? OfEach(ids)
            : name == ports.Mask ? OfEach([.. Enumerable.Repeat(1L, total)])
            : name == ports.Positions
                ? OfEach([.. Enumerable.Range(firstPosition, count).Select(i => (long)i)])
            : OfEach(new long[count]);

        // A graph of several texts gets this one in the place of each.
        OrtValue OfEach(long[] numbers) => layers.Integers(
            name, [.. Enumerable.Repeat(numbers, layers.Texts).SelectMany(text => text)], layers.Texts, numbers.Length);
    }

    private void MoveTo(int position)
    {
        if (layers.Caches.Count == 0)
        {
            return;
        }

        if (position > _length)
        {
            throw new InvalidOperationException($"{_length} tokens were run before, not {position}");
        }

        if (position < _length)
        {
            Hold(FirstTokens(position), position);
        }
    }

    private OrtValue[] FirstTokens(int tokens) => tokens == 0 ? [] : [.. layers.Caches.Zip(_caches, (cache, value) =>
    {
        var copy = layers.Allocate(cache, tokens);
        cache.CopyFirst(value.GetTensorMutableRawData(), _length, copy.GetTensorMutableRawData(), tokens);
        return copy;
    })];

    private void Replace(OrtValue[] presents, int total)
    {
        if (layers.Caches.Zip(presents).FirstOrDefault(pair =>
            !pair.Second.GetTensorTypeAndShape().Shape.SequenceEqual(pair.First.Shape(total))) is { First: { } cache })
        {
            Array.ForEach(presents, present => present.Dispose());
            throw new BundleException($"'{cache.Present}' is not '{cache.Past}' and the new rows");
        }

        Hold(presents, total);
    }

    private void Hold(OrtValue[] caches, int tokens)
    {
        Dispose();
        (_caches, _length) = (caches, tokens);
    }
}
