// MSBuild compiles this file in the user's build, without the settings of this repository: every using is needed there.
#nullable disable
#pragma warning disable IDE0005
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Writes a copy of libLibTorchSharp.so in which the version GLIBCXX_3.4.32 of libstdc++ is wanted but not required. The library asks for
/// that version only because of the marker symbol that GCC 13's iostream header leaves behind, which nothing in it refers to. A library of
/// which that is not true is left as it is.
/// </summary>
public sealed class RelaxLibstdcxxVersion : Microsoft.Build.Utilities.Task
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string Marker = "_ZSt21ios_base_library_initv";

    // Section types and flags of the ELF format (System V ABI, and the GNU extensions for symbol versions).
    private const uint DynamicSymbols = 11, Relocations = 4, VersionNeeds = 0x6ffffffe, VersionOfSymbols = 0x6fffffff;
    private const ushort WeakFlag = 2;

    private byte[] _bytes = Array.Empty<byte>();

    /// <summary>The libraries as NuGet names them.</summary>
    [Required]
    public ITaskItem[] Libraries { get; set; } = Array.Empty<ITaskItem>();

    /// <summary>Where changed copies go.</summary>
    [Required]
    public string Folder { get; set; } = "";

    /// <summary>"auto" changes nothing where this system's libstdc++ has the version; "true" always makes the copy.</summary>
    public string Mode { get; set; } = "auto";

    /// <summary>
    /// The libstdc++ that "auto" looks at; by default the one that this process has loaded, or else one in a usual place.
    /// </summary>
    public string SystemLibrary { get; set; } = FindSystemLibrary();

    /// <summary>For each library the changed copy, or the library itself where there is nothing to change.</summary>
    [Output]
    public ITaskItem[] Results { get; private set; } = Array.Empty<ITaskItem>();

    public override bool Execute()
    {
        bool needed = Mode == "true" || !SystemHasVersion();
        Results = Libraries.Select(library => needed ? Relax(library) : library).ToArray();
        return !Log.HasLoggedErrors;
    }

    private ITaskItem Relax(ITaskItem library)
    {
        _bytes = File.ReadAllBytes(library.ItemSpec);
        int flags = FindRequirement();
        if (flags < 0 || (U16(flags) & WeakFlag) != 0)
            return library;
        BitConverter.GetBytes((ushort)(U16(flags) | WeakFlag)).CopyTo(_bytes, flags);

        string path = Path.Combine(Folder, library.GetMetadata("NuGetPackageVersion"), library.GetMetadata("PathInPackage"));
        if (string.IsNullOrEmpty(library.GetMetadata("PathInPackage")))
            path = Path.Combine(Folder, Path.GetFileName(library.ItemSpec));
        if (!File.Exists(path) || !File.ReadAllBytes(path).SequenceEqual(_bytes))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path));
            File.Delete(path);
            File.WriteAllBytes(path, _bytes);
            Log.LogMessage(MessageImportance.Normal, "{0} no longer requires {1}, which this system may lack.", path, Version);
        }
        return new TaskItem(path, library.CloneCustomMetadata());
    }

    /// <summary>The offset of the flags of the version requirement, or -1 where it is missing or more than the marker needs it.</summary>
    private int FindRequirement()
    {
        bool isElf64 = _bytes.Length > 64 && U32(0) == 0x464c457f && _bytes[4] == 2 && _bytes[5] == 1;
        if (!isElf64)
            return -1;
        int first = (int)U64(0x28), size = U16(0x3a), count = U16(0x3c);
        int[] sections = Enumerable.Range(0, count).Select(i => first + (i * size)).ToArray();
        Section? needs = Find(sections, VersionNeeds);
        Section? versions = Find(sections, VersionOfSymbols);
        Section? symbols = Find(sections, DynamicSymbols);
        if (needs is null || versions is null || symbols is null)
            return -1;

        int entry = FindVersion(needs.Value, StringsOf(sections, needs.Value));
        if (entry < 0)
            return -1;
        int version = U16(entry + 6);
        int strings = StringsOf(sections, symbols.Value);
        int[] users = Enumerable.Range(0, versions.Value.Length / 2)
            .Where(i => (U16(versions.Value.Offset + (2 * i)) & 0x7fff) == version)
            .ToArray();
        bool onlyMarker = users.All(i => Text(strings + (int)U32(symbols.Value.Offset + (24 * i))) == Marker);
        if (!onlyMarker || Relocated(sections).Overlaps(users))
            return -1;
        return entry + 4;
    }

    /// <summary>The offset of the requirement's Elf64_Vernaux entry, or -1.</summary>
    private int FindVersion(Section needs, int strings)
    {
        int need = needs.Offset;
        while (true)
        {
            int entry = need + (int)U32(need + 8);
            for (int i = U16(need + 2); i > 0; i--)
            {
                if (Text(strings + (int)U32(entry + 8)) == Version)
                    return entry;
                entry += (int)U32(entry + 12);
            }
            int next = (int)U32(need + 12);
            if (next == 0)
                return -1;
            need += next;
        }
    }

    /// <summary>The numbers of all symbols that a relocation refers to.</summary>
    private HashSet<int> Relocated(int[] sections)
    {
        var numbers = new HashSet<int>();
        foreach (Section section in sections.Where(header => U32(header + 4) == Relocations).Select(Read))
        {
            for (int at = section.Offset; at < section.Offset + section.Length; at += 24)
                numbers.Add((int)U32(at + 12));
        }
        return numbers;
    }

    private Section? Find(int[] sections, uint type) =>
        sections.Where(header => U32(header + 4) == type).Select(header => (Section?)Read(header)).FirstOrDefault();

    private Section Read(int header) =>
        new Section { Offset = (int)U64(header + 0x18), Length = (int)U64(header + 0x20), Link = (int)U32(header + 0x28) };

    private int StringsOf(int[] sections, Section section) => Read(sections[section.Link]).Offset;

    private string Text(int offset) => Encoding.ASCII.GetString(_bytes, offset, Array.IndexOf(_bytes, (byte)0, offset) - offset);

    private ushort U16(int offset) => BitConverter.ToUInt16(_bytes, offset);

    private uint U32(int offset) => BitConverter.ToUInt32(_bytes, offset);

    private long U64(int offset) => BitConverter.ToInt64(_bytes, offset);

    private bool SystemHasVersion() =>
        File.Exists(SystemLibrary) && Encoding.ASCII.GetString(File.ReadAllBytes(SystemLibrary)).Contains(Version + "\0");

    private static string FindSystemLibrary()
    {
        const string Name = "libstdc++.so.6";
        IEnumerable<string> loaded = File.Exists("/proc/self/maps")
            ? File.ReadAllLines("/proc/self/maps").Where(line => line.Contains(Name)).Select(line => line.Substring(line.IndexOf('/')))
            : Array.Empty<string>();
        string[] usual = { "/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/", "/usr/lib64/", "/lib64/", "/usr/lib/" };
        return loaded.Concat(usual.Select(folder => folder + Name)).FirstOrDefault(File.Exists);
    }

    private struct Section
    {
        public int Offset, Length, Link;
    }
}
