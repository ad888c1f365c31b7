using System.Collections.Immutable;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Api.Registry.Packages;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry;

/// <summary>A registered package with what serves it.</summary>
internal sealed class HostedModel(
    PackageManifest manifest,
    Registration registration,
    string folder,
    DecoderHost? decoder,
    IReadOnlyDictionary<string, ForwardHost> forwards) : IAsyncDisposable
{
    public string Id => manifest.Model;

    public PackageManifest Manifest => manifest;

    public string Folder => folder;

    public DateTimeOffset CreatedAt => registration.CreatedAt;

    /// <summary>Models of this name that it replaced and that still have sessions, newest first.</summary>
    public ImmutableArray<HostedModel> Before { get; private set; } = [];

    /// <summary>Timestamp of its replacement: a clock that is set ends no session.</summary>
    public long ReplacedAt { get; private set; }

    /// <summary>Null for a package without a decoder.</summary>
    public DecoderHost? Decoder => decoder;

    /// <summary>Graphs without a cache, by role.</summary>
    public IReadOnlyDictionary<string, ForwardHost> Forwards => forwards;

    public ModelObject ToObject() => new(
        Id, ModelObject.ObjectName, registration.CreatedAt.ToUnixTimeSeconds(), registration.OwnedBy,
        ModelStipInfo.From(manifest) with
        {
            MaxLength = MaxLength,
            SourceLength = SourceLength ?? manifest.SourceLength,
            BoundedCaches = BoundedCaches,
        });

    /// <summary>Most tokens of a session, where the server allows fewer than the model; else null.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Most rows of a source; null for a model without an encoder beside its decoder.</summary>
    public int? SourceLength { get; init; }

    /// <summary>What caches of the decoder keep that do not keep every token; null where all do.</summary>
    public IReadOnlyList<BoundedCache>? BoundedCaches { get; init; }

    /// <summary>True where a graph of it is in memory.</summary>
    public bool IsLoaded => decoder is { IsLoaded: true } || forwards.Values.Any(forward => forward.IsLoaded);

    /// <summary>True where a graph of it is on its way into memory.</summary>
    public bool IsLoading => decoder is { IsLoading: true } || forwards.Values.Any(forward => forward.IsLoading);

    /// <summary>This model and those that it replaced.</summary>
    public IEnumerable<HostedModel> Epochs => Before.Prepend(this);

    /// <summary>The decoder that holds a session of this owner; the newest one where none does.</summary>
    public DecoderHost? DecoderOf(string owner, string? sessionId)
    {
        if (sessionId is not null)
        {
            foreach (var before in Before)
            {
                if (before.Decoder is { } older && older.Holds(owner, sessionId))
                {
                    return older;
                }
            }
        }

        return decoder;
    }

    /// <summary>Takes the place of a model, which goes on with its sessions. Called before anybody asks it.</summary>
    /// <param name="old">Goes on until its time is over.</param>
    /// <param name="now">Timestamp.</param>
    public void Replace(HostedModel old, long now)
    {
        old.ReplacedAt = now;
        Before = [.. old.Epochs];
        old.Before = [];
    }

    /// <summary>Lets go of a replaced model.</summary>
    public void Forget(HostedModel old) => Before = Before.Remove(old);

    public async ValueTask DisposeAsync()
    {
        var ends = forwards.Values.Select(forward => forward.DisposeAsync().AsTask()).ToList();
        if (decoder is not null)
        {
            ends.Add(decoder.DisposeAsync().AsTask());
        }

        await Task.WhenAll(ends);
    }
}
