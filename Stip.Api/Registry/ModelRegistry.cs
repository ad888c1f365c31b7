using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Stip.Api.Engine;
using Stip.Api.Registry.Packages;
using Stip.Protocol.Errors;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry;

/// <summary>The models of this server. Readers see an immutable snapshot; changes happen one at a time.</summary>
internal sealed class ModelRegistry(
    DataFolders folders,
    PackageFolder packages,
    HostedModelFactory factory,
    IOptions<EngineOptions> engine,
    TimeProvider clock,
    ILogger<ModelRegistry> log) : IAsyncDisposable
{
    private readonly SemaphoreSlim _changing = new(1, 1);

    // Digests of a large package and the loading of its graphs take minutes: whoever removes or ends a model does not
    // wait for that. Taken before the other.
    private readonly SemaphoreSlim _registering = new(1, 1);
    private readonly StoredPackages _stored = new(packages, factory, log);
    private readonly EndingModels _ending = new(log);
    private IReadOnlyList<string> _byHand = [];
    private volatile bool _isWhole;
    private volatile ImmutableSortedDictionary<string, HostedModel> _models =
        ImmutableSortedDictionary.Create<string, HostedModel>(StringComparer.Ordinal);

    public IReadOnlyCollection<HostedModel> All => [.. _models.Values];

    /// <summary>The same by id, without a copy.</summary>
    public ImmutableSortedDictionary<string, HostedModel> ById => _models;

    /// <summary>Every model that can be asked, replaced ones with sessions among them.</summary>
    public IEnumerable<HostedModel> Serving => _models.Values.SelectMany(model => model.Epochs);

    public HostedModel? Find(string? id) => id is not null && _models.TryGetValue(id, out var model) ? model : null;

    /// <summary>True once every package that a start found was judged.</summary>
    public bool IsWhole => _isWhole;

    public Refusal NotFound(string message, string param) => NotHere.Model(_isWhole, message, param);

    /// <summary>Takes up what was registered; the rest of the data directory waits for <see cref="JudgeRestAsync"/>.
    /// </summary>
    public void Scan()
    {
        folders.DeleteUnfinished(log);

        var found = FoundPackages.In(folders.Packages);
        foreach (var folder in found.Registered)
        {
            TryTakeUp(folder, isServing: false);
        }

        _byHand = found.ByHand;
    }

    /// <summary>Loads and compares the graphs of packages that were put there by hand, while the others are served.
    /// </summary>
    public async Task JudgeRestAsync(CancellationToken cancellation)
    {
        foreach (var folder in _byHand.Where(Directory.Exists))
        {
            await _changing.WaitAsync(cancellation);
            try
            {
                TryTakeUp(folder, isServing: true);
            }
            finally
            {
                _changing.Release();
            }
        }

        _isWhole = true;
    }

    /// <summary>Registers a staged folder whose digests were compared. On refusal it stays where it is, and where the
    /// same package is there already and whole.</summary>
    public async Task<Outcome<RegisteredModel>> RegisterAsync(
        string staged, PackageManifest manifest, string owner, CancellationToken cancellation)
    {
        var outcome = await RegisterInTurnAsync(staged, manifest, owner, cancellation);
        if (outcome.Is(out var registered, out _) && registered.IsNew)
        {
            await RetireReplacedAsync(model => model == registered.Model);
        }

        return outcome;
    }

    private async Task<Outcome<RegisteredModel>> RegisterInTurnAsync(
        string staged, PackageManifest manifest, string owner, CancellationToken cancellation)
    {
        await _registering.WaitAsync(cancellation);
        try
        {
            var known = Find(manifest.Model);
            if (known is not null && PackageFolder.AreEqual(known.Manifest, manifest)
                && await Task.Run(() => PackageFolder.IsWhole(known.Folder, manifest), cancellation)
                && Find(manifest.Model) == known)
            {
                return new RegisteredModel(known, Before: null, IsNew: false);
            }

            if (PackageOrder.TooOld(Find(manifest.Model), manifest) is { } tooOld)
            {
                return tooOld;
            }

            var faults = await Task.Run(() => packages.Faults(staged, manifest), cancellation);
            return faults.Count > 0 ? Invalid(faults) : await BringInAsync(staged, manifest, owner, cancellation);
        }
        finally
        {
            _registering.Release();
        }
    }

    private async Task<Outcome<RegisteredModel>> BringInAsync(
        string staged, PackageManifest manifest, string owner, CancellationToken cancellation)
    {
        // A copy of a large package takes minutes too.
        var beside = await Task.Run(() => folders.Beside(staged, cancellation), cancellation);
        try
        {
            return await TakeInAsync(beside, manifest, owner, cancellation);
        }
        finally
        {
            if (beside != staged)
            {
                folders.TryDelete(beside, log);
            }
        }
    }

    private async Task<Outcome<RegisteredModel>> TakeInAsync(
        string staged, PackageManifest manifest, string owner, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            // A start may have judged a newer one meanwhile.
            if (PackageOrder.TooOld(Find(manifest.Model), manifest) is { } tooOld)
            {
                return tooOld;
            }

            var old = Find(manifest.Model);
            var registration = new Registration(PackageOrder.After(old, clock.GetUtcNow()), owner);
            DurableFile.Write(Path.Combine(staged, Registration.FileName), registration);
            var folder = folders.NewPackage(manifest, clock.GetUtcNow());
            Directory.Move(staged, folder);
            var model = factory.Create(manifest, registration, folder, isFresh: true);
            if (old is not null)
            {
                model.Replace(old, clock.GetTimestamp());
            }

            _models = _models.SetItem(model.Id, model);
            return new RegisteredModel(model, old, IsNew: true);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Removes a model and its packages; a refusal where it has to stay. Other models are not kept by what
    /// still waits of it.</summary>
    public async Task<Outcome<Removal>> RemoveAsync(string id, CancellationToken cancellation)
    {
        HostedModel[] epochs;
        string[] all;
        List<string>? aside;
        await _changing.WaitAsync(cancellation);
        try
        {
            if (Find(id) is not { } model)
            {
                return Removal.NotHere;
            }

            // The oldest first: where it ends in between, the next start serves none of them or the newest. It would
            // serve those that were put there by hand as well, replaced or not.
            epochs = [.. model.Epochs.Reverse()];
            var served = epochs.Select(epoch => epoch.Folder);
            all = [.. FoundPackages.Naming(id, folders.Packages).Except(served), .. served];
            if (!folders.SetAside(all, log).Is(out aside, out var refusal))
            {
                return refusal;
            }

            _models = _models.Remove(id);
        }
        finally
        {
            _changing.Release();
        }

        // Sessions that are left are lost; their clients replay against the next model of that name.
        await _ending.EndAsync(epochs);
        aside.ForEach(folder => folders.TryDelete(folder, log));
        return all.Any(Directory.Exists) ? Removal.PackageStays : Removal.Done;
    }

    /// <summary>Removes replaced models whose sessions have ended or had their time.</summary>
    public Task RetireReplacedAsync() => RetireReplacedAsync(_ => true);

    private async Task RetireReplacedAsync(Func<HostedModel, bool> isMeant)
    {
        if (_models.Values.All(model => model.Before.IsEmpty))
        {
            return;
        }

        var over = new List<HostedModel>();
        await _changing.WaitAsync();
        try
        {
            foreach (var model in _models.Values.Where(isMeant))
            {
                foreach (var old in model.Before.Where(IsOver))
                {
                    model.Forget(old);
                    over.Add(old);
                }
            }
        }
        finally
        {
            _changing.Release();
        }

        await _ending.EndAsync(over, old => folders.TryDeleteRegistered(old.Folder, log));
    }

    /// <summary>Releases every session of an owner: its key is gone.</summary>
    public async Task ReleaseSessionsAsync(string owner)
    {
        foreach (var decoder in Serving.Select(model => model.Decoder).OfType<DecoderHost>())
        {
            foreach (var session in await decoder.SessionsOfAsync(owner, CancellationToken.None))
            {
                await decoder.ReleaseAsync(owner, session.Id, CancellationToken.None);
            }
        }
    }

    public static Refusal Invalid(IReadOnlyList<string> faults) =>
        new(StipErrorCode.PackageInvalid, "the package is refused: " + string.Join("; ", faults), "upload_ids");

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_ending.EndAsync([.. Serving]), _ending.AllEnded);
        _changing.Dispose();
        _registering.Dispose();
    }

    private void TryTakeUp(string folder, bool isServing)
    {
        if (_stored.TryRead(folder) is not { } model)
        {
            return;
        }

        var other = Find(model.Id);
        var isNewer = other is null || PackageOrder.IsNewer(model, other);
        if (isNewer && isServing && other is not null)
        {
            model.Replace(other, clock.GetTimestamp());
        }

        _models = isNewer ? _models.SetItem(model.Id, model) : _models;
        if (other is not null && !(isNewer && isServing))
        {
            DropSuperseded(isNewer ? other : model);
        }
    }

    // No session outlives a restart. What an operator put there by hand is left to the operator.
    private void DropSuperseded(HostedModel older)
    {
        log.LogWarning(
            "Package {Folder} is not served: a newer one of the same model is", Path.GetFileName(older.Folder));
        folders.TryDeleteRegistered(older.Folder, log);
    }

    private bool IsOver(HostedModel old) => old.Decoder is not { SessionCount: > 0 }
        || clock.GetElapsedTime(old.ReplacedAt) >= TimeSpan.FromSeconds(engine.Value.EpochSeconds);
}
