using System.Security.Cryptography;
using Stip.Keys.Bundles;
using Stip.Keys.Owner;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Protection.Tables;
using Stip.Onnx.Protection.WholeSequences;
using Stip.Onnx.Symmetry.Rules;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Makes a protected package of a folder of export.</summary>
public static class PackageProtector
{
    private const int InstanceBytes = 16;

    // Instances whose keys wait in memory at once; more are drawn of labels made anew.
    private const int PlansAtOnce = 16;

    /// <summary>Draws keys, writes the three folders and verifies them (paper, parameter transformation).</summary>
    /// <param name="exportFolder">The plain model.</param>
    /// <param name="outputFolder">An empty folder; the caller moves it into place, or deletes it where this
    /// throws.</param>
    /// <param name="options">What the package is to be.</param>
    /// <param name="bytesWritten">Called with the bytes of weights written so far.</param>
    /// <exception cref="RefusedException">The model cannot be protected, or the package differs from it.</exception>
    public static ProtectionResult Protect(
        string exportFolder, string outputFolder, ProtectionOptions options, Action<long>? bytesWritten = null)
    {
        using var random = RandomNumberGenerator.Create();
        return Protect(exportFolder, outputFolder, options, random, bytesWritten);
    }

    /// <summary>The same for several packages with independent keys, of a plain model that is read and understood
    /// once.</summary>
    /// <param name="exportFolder">The plain model.</param>
    /// <param name="outputFolders">An empty folder for each package.</param>
    /// <param name="options">What the packages are to be.</param>
    /// <param name="bytesWritten">Called with the bytes of weights written so far, of all packages; what a package that
    /// is made once more held does not count.</param>
    /// <param name="verified">Called with the share of all packages' runs that is done, 0..1.</param>
    /// <exception cref="RefusedException">The model cannot be protected, or a package differs from it.</exception>
    public static IReadOnlyList<ProtectionResult> Protect(
        string exportFolder,
        IReadOnlyList<string> outputFolders,
        ProtectionOptions options,
        Action<long>? bytesWritten = null,
        Action<double>? verified = null)
    {
        ArgumentNullException.ThrowIfNull(outputFolders);
        using var random = RandomNumberGenerator.Create();
        return Protect(exportFolder, outputFolders, options, random, bytesWritten, verified: verified);
    }

    internal static ProtectionResult Protect(
        string exportFolder,
        string outputFolder,
        ProtectionOptions options,
        RandomNumberGenerator random,
        Action<long>? bytesWritten = null,
        Func<string, IOperatorRule?>? rules = null,
        Action<double>? verified = null)
    {
        return Protect(exportFolder, [outputFolder], options, random, bytesWritten, rules, verified)[0];
    }

    private static List<ProtectionResult> Protect(
        string exportFolder,
        IReadOnlyList<string> outputFolders,
        ProtectionOptions options,
        RandomNumberGenerator random,
        Action<long>? bytesWritten,
        Func<string, IOperatorRule?>? rules = null,
        Action<double>? verified = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ClientFiles.RefuseMissing(options);
        using var plain = PlainModel.Open(exportFolder, options.ClientLayers);
        WantedLength.Judge(plain, options.ContextLength);
        PooledTexts.Judge(plain, options.Texts);
        var verification = VerificationChoice.Of(plain, options.Verify);
        options = options with
        {
            Verify = verification.Mode,
            Name = ModelName.Checked(options.Name ?? plain.Manifest.Model),
        };
        var trial = new PackageTrial(plain, options, isOneOfSeveral: outputFolders.Count > 1);
        trial.RefuseUnfit();
        var whole = LanguageModels.Find(plain, options.Verify);
        var (results, before, written) = (new List<ProtectionResult>(outputFolders.Count), 0L, 0L);
        var model = plain;
        foreach (var folders in outputFolders.Chunk(PlansAtOnce))
        {
            var plans = new Queue<DrawnPlans>(Draw(model, options, random, folders.Length, rules));
            foreach (var folder in folders)
            {
                var (drawn, instance, report) = Make(folder);

                // Whoever brings rules of their own wants to see what comes of them.
                if (report is { Passed: false } && rules is null)
                {
                    model = SecondTry.Of(model, report) ?? throw SecondTry.Differs(report);
                    plans = new Queue<DrawnPlans>(SecondTry.Draw(
                        SecondTry.Differs(report), () => Draw(model, options, random, plans.Count + 1, rules)));
                    SecondTry.Empty(folder);
                    (drawn, instance, report) = Make(folder);
                }

                PackageTrial.Judge(report);
                before += written;
                results.Add(new ProtectionResult(
                    options.Name,
                    instance,
                    drawn.KeyBits,
                    report,
                    [
                        .. ProtectionWarnings.Of(model, drawn, options, verification),
                        .. whole.Warning is { } said ? [said] : Array.Empty<string>(),
                    ])
                {
                    Rounded = trial.Rounded(folder, Runs(1)),
                });
            }

            (DrawnPlans Drawn, string Instance, VerificationReport? Report) Make(string folder)
            {
                var drawn = plans.Dequeue();
                var instance = Write(
                    model, drawn, options, whole, folder, bytes => bytesWritten?.Invoke(before + (written = bytes)));
                return (drawn, instance, trial.Verified(folder, Runs(0)));
            }

            // A package that is rounded is run before and after.
            Action<double>? Runs(int index) => ShareOfWork.Of(
                ShareOfWork.Of(verified, results.Count, outputFolders.Count),
                index,
                options.Rounding == WeightRounding.None ? 1 : 2);
        }

        return results;
    }

    private static IReadOnlyList<DrawnPlans> Draw(
        PlainModel plain,
        ProtectionOptions options,
        RandomNumberGenerator random,
        int count,
        Func<string, IOperatorRule?>? rules)
    {
        var plans = options.Mode == ProtectionMode.None
            ? [.. Enumerable.Repeat(DrawnPlans.Nothing(plain.Parts), count)]
            : DrawnPlans.Draw(
                plain.Parts,
                plain.Joins,
                random,
                [.. plain.Sources.SelectMany(source => source.Features)],
                count,
                rules);

        // The labels of a deep graph are garbage now, and would lie beside the buffers of the copy until it ends.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        return plans;
    }

    // Gives the random id of the instance.
    private static string Write(
        PlainModel plain,
        DrawnPlans plans,
        ProtectionOptions options,
        WholeSequenceFinding whole,
        string outputFolder,
        Action<long> bytesWritten)
    {
        var client = Path.Combine(outputFolder, PackageFolder.Client);
        OwnerOnly.MakeFolder(client);
        var hashed = WriteWeights(plain, plans, outputFolder, bytesWritten);
        var manifest = WantedLength.ApplyTo(
            whole.ApplyTo(WriteClient(plain, plans, options, client)), options.ContextLength);
        var instance = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(InstanceBytes));
        var package = CloudFiles.WriteManifest(
            manifest, options, instance, options.Name!, Path.Combine(outputFolder, PackageFolder.Cloud), hashed);
        ClientFiles.WriteManifest(manifest, package, client);
        OwnerOnly.RestrictFiles(client);
        var (keys, permutations) = OwnerPlan.ToKeys(plans.ByPart);
        var owner = new OwnerManifest(
            OwnerManifest.CurrentFormat, package.Model, instance, package.KeyEpoch, package.Mode, package.Fingerprint,
            plain.Fingerprint, keys);
        OwnerStore.Save(Path.Combine(outputFolder, PackageFolder.Owner), owner, permutations, options.Passphrase);
        return instance;
    }

    // The client's table takes as long as hashing leaves a core free.
    private static List<PackageFile> WriteWeights(
        PlainModel plain,
        DrawnPlans plans,
        string outputFolder,
        Action<long>? bytesWritten)
    {
        var table = Task.Run(() => WriteEmbedding(
            plain, plans, Path.Combine(outputFolder, PackageFolder.Client)));
        try
        {
            return WriteGraphs(plain, plans, outputFolder, bytesWritten);
        }
        finally
        {
            table.GetAwaiter().GetResult();
        }
    }

    private static void WriteEmbedding(PlainModel plain, DrawnPlans plans, string client)
    {
        if (!plain.HasTables)
        {
            return;
        }

        ClientTables.WriteEmbedding(
            Path.Combine(plain.Folder, BundleManifest.EmbeddingFileName),
            Path.Combine(client, BundleManifest.EmbeddingFileName),
            ClientTables.ColumnsOf(plain, key => plans.ByPart[key]));
    }

    private static List<PackageFile> WriteGraphs(
        PlainModel plain,
        DrawnPlans plans,
        string outputFolder,
        Action<long>? bytesWritten)
    {
        Directory.CreateDirectory(Path.Combine(outputFolder, PackageFolder.Cloud));
        var (before, hashed) = (0L, new List<PackageFile>());
        foreach (var part in plain.Parts)
        {
            var done = 0L;
            var folder = part.IsClient ? PackageFolder.Client : PackageFolder.Cloud;
            var written = ProtectedGraphWriter.Write(
                part,
                plans.ByPart[part.Key],
                Path.Combine(outputFolder, folder, part.FileName),

                // What a client keeps is one data file.
                part.IsClient ? long.MaxValue : DataFiles.UsualBytes,
                bytes => bytesWritten?.Invoke(before + (done = bytes)));
            before += done;
            if (!part.IsClient)
            {
                hashed.AddRange(written);
            }
        }

        return hashed;
    }

    // What the manifests of both parts say.
    private static ExportManifest WriteClient(
        PlainModel plain, DrawnPlans plans, ProtectionOptions options, string client)
    {
        ClientTables.WriteOutput(Path.Combine(client, BundleManifest.OutputFileName), plain, plans);
        ClientFiles.CopySmallFiles(plain, options, client);
        var manifest = PooledTexts.ApplyTo(
            ClientLookups.TryWrite(plain, client) ?? plain.Manifest, plain, options.Texts);
        return plain.Sources.Count == 0 || options.Tokenizer is null
            || SourceSettings.TryRead(options.Tokenizer) is not { } settings
            ? manifest
            : ForeignManifest.Named(settings.ApplyTo(manifest), settings);
    }
}
